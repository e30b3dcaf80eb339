namespace Microsoft.ML.DiffEnc;

/// <summary>
/// The order of the values in a vector column that holds images. <see cref="Microsoft.ML.Data.MLImage"/> columns need none: their format says it.
/// </summary>
public enum PixelLayout
{
    /// <summary>All of the first channel, row by row, then all of the next: what <c>ExtractPixels</c> makes by default.</summary>
    ChannelsFirst,

    /// <summary>The channels of one pixel side by side: what <c>ExtractPixels</c> makes with <c>interleavePixelColors: true</c>.</summary>
    Interleaved,
}
