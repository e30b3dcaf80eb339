using Microsoft.ML.Data;

namespace AnomalyService.Pictures;

/// <summary>A decoded upload.</summary>
/// <param name="Image">At the size at which it enters the detector's chain.</param>
/// <param name="Width">The width of the upload.</param>
/// <param name="Height">The height of the upload.</param>
public sealed record Picture(MLImage Image, int Width, int Height) : IDisposable
{
    /// <summary>How many pixels are held.</summary>
    public long Pixels => (long)Image.Width * Image.Height;

    /// <inheritdoc/>
    public void Dispose() => Image.Dispose();
}
