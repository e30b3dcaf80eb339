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
    private const int BytesPerPixel = 4;
    private readonly ValueGetter<MLImage> _getImage = row.GetGetter<MLImage>(source);

    // Handed back to the getter with every call: what is its own, the getter disposes of; what is the caller's own, nobody does.
    private MLImage _image = null!;

    /// <inheritdoc/>
    public override void Read(Span<byte> pixels)
    {
        _getImage(ref _image);
        if (_image is null)
            throw Refuse("holds no image (null)", "LoadImages leaves it so where a path is empty or the file cannot be decoded: remove such rows.");
        if (_image.Width != Column.Width || _image.Height != Column.Height)
        {
            throw Refuse(
                $"is {_image.Width}×{_image.Height}; expected {Column.Width}×{Column.Height}",
                $"Resize the images: ResizeImages(\"{Column.Name}\", {Column.Width}, {Column.Height}).");
        }

        (int red, int blue) = _image.PixelFormat switch
        {
            MLPixelFormat.Bgra32 => (2, 0),
            MLPixelFormat.Rgba32 => (0, 2),
            var other => throw Refuse(
                $"has the pixel format {other}; expected Bgra32 or Rgba32", "Load it with MLImage.CreateFromFile or CreateFromPixels."),
        };
        const int green = 1;
        ReadOnlySpan<byte> source = _image.Pixels;
        int count = Column.Width * Column.Height;
        if (Column.Channels == 1)
        {
            for (int i = 0, at = 0; i < count; i++, at += BytesPerPixel)
                pixels[i] = Grey.Of(source[at + red], source[at + green], source[at + blue]);
            return;
        }
        Span<byte> reds = pixels[..count], greens = pixels[count..(2 * count)], blues = pixels[(2 * count)..];
        for (int i = 0, at = 0; i < count; i++, at += BytesPerPixel)
            (reds[i], greens[i], blues[i]) = (source[at + red], source[at + green], source[at + blue]);
    }
}
