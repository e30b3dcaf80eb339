namespace Microsoft.ML.DiffEnc.Studies.Anomalies;

/// <summary>One training and what its model is tried on.</summary>
/// <param name="Name">Of the model's file.</param>
/// <param name="Seed">Of the training.</param>
/// <param name="Size">Width and height of the images.</param>
/// <param name="Channels">1 or 3.</param>
/// <param name="Training">The images that the model is trained on, channels first.</param>
/// <param name="Normal">Further normal images, from which scores learn.</param>
/// <param name="Held">Normal images that must not be found.</param>
/// <param name="Odd">Images that must be found, kind by kind.</param>
internal sealed record AnomalyCase(
    string Name,
    int Seed,
    int Size,
    int Channels,
    byte[][] Training,
    byte[][] Normal,
    byte[][] Held,
    IReadOnlyList<(string Kind, byte[][] Images)> Odd);
