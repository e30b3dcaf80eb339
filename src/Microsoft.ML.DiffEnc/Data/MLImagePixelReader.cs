using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Reads <see cref="MLImage"/>s of any pixel format.</summary>
/// <remarks>
/// The alpha channel is not read. Pictures with transparency are decoded with their colours already multiplied by it, so they are read as they look
/// on black: the same values that <c>ExtractPixels</c> gives. A model with one channel reads a colour picture as <c>ConvertToGrayscale</c> would make
/// it.
/// </remarks>
internal sealed class MLImagePixelReader(ImageColumn column, DataViewRow row, DataViewSchema.Column source) : PixelReader(column, row)
{
    private readonly ValueGetter<MLImage> _getImage = row.GetGetter<MLImage>(source);

    // Handed back to the getter with every call: what is its own, the getter disposes of; what is the caller's own, nobody does.
    private MLImage _image = null!;

    /// <inheritdoc/>
    public override void Read(Span<byte> pixels)
    {
        _getImage(ref _image);
        if (_image is null)
            throw Refuse("holds no image (null)", "LoadImages leaves it so where a path is empty: remove such rows.");
        if (IsDisposed(_image))
        {
            throw Refuse(
                "holds an image that is disposed",
                "ResizeImages hands on the one before where it is given none (LoadImages of an empty path): remove such rows.");
        }
        if (_image.Width != Column.Width || _image.Height != Column.Height)
        {
            throw Refuse(
                $"is {_image.Width}×{_image.Height}; expected {Column.Width}×{Column.Height}",
                $"Resize the images: ResizeImages(\"{Column.Name}\", {Column.Width}, {Column.Height}).");
        }

        if (_image.PixelFormat is not (MLPixelFormat.Bgra32 or MLPixelFormat.Rgba32))
        {
            throw Refuse(
                $"has the pixel format {_image.PixelFormat}; expected Bgra32 or Rgba32",
                "Load it with MLImage.CreateFromFile or CreateFromPixels.");
        }
        MLImages.CopyPixels(_image, pixels);
    }

    private static bool IsDisposed(MLImage image)
    {
        try
        {
            return image.Width == 0;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }
}
