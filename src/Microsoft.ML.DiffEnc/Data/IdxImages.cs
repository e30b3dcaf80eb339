namespace Microsoft.ML.DiffEnc.Data;

/// <summary>The content of an IDX image file: grey images of one size, each row by row.</summary>
internal sealed record IdxImages(int Width, int Height, IReadOnlyList<byte[]> Pixels);
