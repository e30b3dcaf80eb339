using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Makes <see cref="MLImage"/>s of pixels.</summary>
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
}
