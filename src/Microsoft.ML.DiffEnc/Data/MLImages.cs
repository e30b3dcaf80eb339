using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Makes <see cref="MLImage"/>s of pixels, and takes them apart.</summary>
internal static class MLImages
{
    /// <summary>
    /// Opaque images in the format that ML.NET itself decodes pictures to (Bgra32). Grey ones have three equal colours: ML.NET has no grey format.
    /// </summary>
    /// <param name="pixels">[count, channels, height, width].</param>
    /// <param name="count">The number of images.</param>
    /// <param name="width">Their width.</param>
    /// <param name="height">Their height.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    public static IReadOnlyList<MLImage> FromPixels(ReadOnlySpan<byte> pixels, int count, int width, int height, int channels)
    {
        int size = width * height * channels;
        var images = new MLImage[count];
        for (int i = 0; i < count; i++)
            images[i] = FromPixels(pixels.Slice(i * size, size), width, height);
        return images;
    }

    /// <summary>One such image, of the pixels [channels, height, width].</summary>
    public static MLImage FromPixels(ReadOnlySpan<byte> pixels, int width, int height)
    {
        int plane = width * height;
        bool grey = pixels.Length == plane;
        ReadOnlySpan<byte> red = pixels[..plane], green = grey ? red : pixels[plane..(2 * plane)], blue = grey ? red : pixels[(2 * plane)..];
        var bgra = new byte[plane * 4];
        for (int at = 0; at < plane; at++)
            (bgra[4 * at], bgra[4 * at + 1], bgra[4 * at + 2], bgra[4 * at + 3]) = (blue[at], green[at], red[at], byte.MaxValue);
        return MLImage.CreateFromPixels(width, height, MLPixelFormat.Bgra32, bgra);
    }

    /// <summary>The pixels of an image that came by itself, channels first, as they are read from a column.</summary>
    /// <param name="image">The image.</param>
    /// <param name="expected">What it has to be.</param>
    /// <param name="parameterName">The parameter that it came in, for messages.</param>
    /// <exception cref="ArgumentException">It has another size, or a pixel format that cannot be read.</exception>
    public static byte[] ToPixels(MLImage image, ImageColumn expected, string parameterName)
    {
        if (image.Width != expected.Width || image.Height != expected.Height)
            throw new ArgumentException(
                $"The {parameterName} is {image.Width}×{image.Height}; expected {expected.Width}×{expected.Height}, the size of the model's images.",
                parameterName);
        if (image.PixelFormat is not (MLPixelFormat.Bgra32 or MLPixelFormat.Rgba32))
            throw new ArgumentException(
                $"The {parameterName} has the pixel format {image.PixelFormat}; expected Bgra32 or Rgba32. " +
                "Load it with MLImage.CreateFromFile or CreateFromPixels.", parameterName);
        var pixels = new byte[expected.ValuesPerImage];
        CopyPixels(image, pixels);
        return pixels;
    }

    /// <summary>Copies the pixels of an image, channels first: one channel (grey) or three, as there is room for.</summary>
    /// <param name="image">Bgra32 or Rgba32.</param>
    /// <param name="pixels">One or three bytes for each place of the image.</param>
    public static void CopyPixels(MLImage image, Span<byte> pixels)
    {
        const int bytesPerPixel = 4, green = 1;
        (int red, int blue) = image.PixelFormat == MLPixelFormat.Bgra32 ? (2, 0) : (0, 2);
        ReadOnlySpan<byte> source = image.Pixels;
        int count = image.Width * image.Height;
        if (pixels.Length == count)
        {
            for (int i = 0, at = 0; i < count; i++, at += bytesPerPixel)
                pixels[i] = Grey.Of(source[at + red], source[at + green], source[at + blue]);
            return;
        }
        Span<byte> reds = pixels[..count], greens = pixels[count..(2 * count)], blues = pixels[(2 * count)..];
        for (int i = 0, at = 0; i < count; i++, at += bytesPerPixel)
            (reds[i], greens[i], blues[i]) = (source[at + red], source[at + green], source[at + blue]);
    }
}
