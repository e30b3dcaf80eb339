using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Persistence;
using SkiaSharp;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Writes images as PNG files that are whole or not there.</summary>
internal static class PngFile
{
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, SKBitmap bitmap)
    {
        using var pixmap = bitmap.PeekPixels();
        using var data = pixmap.Encode(SKEncodedImageFormat.Png, quality: 100)
            ?? throw new IOException($"The image for '{path}' cannot be encoded as PNG.");
        WholeFile.Write(path, data.SaveTo);
    }

    /// <summary>A bitmap of an image's pixels as they are.</summary>
    /// <exception cref="NotSupportedException">Its pixel format is neither Bgra32 nor Rgba32.</exception>
    public static SKBitmap ToBitmap(MLImage image)
    {
        var color = image.PixelFormat switch
        {
            MLPixelFormat.Bgra32 => SKColorType.Bgra8888,
            MLPixelFormat.Rgba32 => SKColorType.Rgba8888,
            var other => throw new NotSupportedException(
                $"An image has the pixel format {other}; expected Bgra32 or Rgba32. Load it with MLImage.CreateFromFile or CreateFromPixels."),
        };
        // Decoded pictures have their colours multiplied by their alpha; opaque ones are the same either way.
        var bitmap = new SKBitmap(image.Width, image.Height, color, SKAlphaType.Premul); // rows of 4-byte pixels have no padding
        byte[] pixels = image.Pixels.ToArray();
        Marshal.Copy(pixels, 0, bitmap.GetPixels(), pixels.Length);
        return bitmap;
    }
}
