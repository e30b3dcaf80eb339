using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace AnomalyService.Detection;

/// <summary>A row of the data view that goes into a chain.</summary>
internal sealed class Entrant : IDisposable
{
    private readonly List<MLImage> _copies = [];
    private MLImage _original = null!;

    /// <summary>
    /// A copy at each reading. ML.NET's image transforms take what they read for their own and dispose of it, as if every reader had loaded the file
    /// for itself.
    /// </summary>
    [ImageType(1, 1)] // each chain sets its own
    public MLImage Picture
    {
        get
        {
            var copy = MLImage.CreateFromPixels(_original.Width, _original.Height, _original.PixelFormat, _original.Pixels);
            lock (_copies)
                _copies.Add(copy);
            return copy;
        }
        set => _original = value;
    }

    /// <summary>Frees the copies, also those that nobody took for his own.</summary>
    public void Dispose() => _copies.ForEach(copy => copy.Dispose());
}
