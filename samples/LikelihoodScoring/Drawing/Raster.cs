using Microsoft.ML.Data;
using SkiaSharp;

namespace LikelihoodScoring.Drawing;

/// <summary>Between the three forms in which a picture is met here: bytes (channels first), SkiaSharp bitmaps and ML.NET images.</summary>
internal static class Raster
{
    /// <summary>A bitmap of grey (one channel) or red, green, blue (three channels) pixels, channels first.</summary>
    public static SKBitmap ToBitmap(ReadOnlySpan<byte> pixels, int width, int height, int channels)
    {
        bool grey = channels == 1;
        var bitmap = new SKBitmap(width, height, grey ? SKColorType.Gray8 : SKColorType.Rgba8888, SKAlphaType.Opaque);
        int stride = bitmap.BytesPerPixel, plane = width * height;
        byte[] interleaved = new byte[bitmap.RowBytes * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                Span<byte> pixel = interleaved.AsSpan(y * bitmap.RowBytes + x * stride, stride);
                for (int c = 0; c < channels; c++)
                    pixel[c] = pixels[c * plane + y * width + x];
                if (!grey)
                    pixel[3] = byte.MaxValue;
            }
        }
        System.Runtime.InteropServices.Marshal.Copy(interleaved, 0, bitmap.GetPixels(), interleaved.Length);
        return bitmap;
    }

    /// <summary>The pixels of an ML.NET image, channels first; with one channel, the first of its equal three.</summary>
    public static byte[] ToPixels(MLImage image, int channels)
    {
        int red = image.PixelFormat switch
        {
            MLPixelFormat.Rgba32 => 0,
            MLPixelFormat.Bgra32 => 2,
            _ => throw new NotSupportedException($"The picture's pixels are {image.PixelFormat}; expected Rgba32 or Bgra32.")
        };
        ReadOnlySpan<byte> source = image.Pixels;
        int plane = image.Width * image.Height;
        byte[] pixels = new byte[channels * plane];
        for (int c = 0; c < channels; c++)
            for (int i = 0; i < plane; i++)
                pixels[c * plane + i] = source[4 * i + Math.Abs(red - c)];
        return pixels;
    }

    /// <summary>Whether a file is a picture that decodes to its end.</summary>
    public static bool CanDecode(string path)
    {
        using SKCodec? codec = SKCodec.Create(path);
        if (codec is null)
            return false;
        using var bitmap = new SKBitmap();
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKImageInfo.PlatformColorType, SKAlphaType.Premul);
        return bitmap.TryAllocPixels(info) && codec.GetPixels(info, bitmap.GetPixels()) == SKCodecResult.Success;
    }

    /// <summary>Saves a bitmap as a PNG file.</summary>
    public static void SavePng(SKBitmap bitmap, string path)
    {
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        OutputFiles.WriteWhole(path, unfinished =>
        {
            using FileStream file = File.Create(unfinished);
            data.SaveTo(file);
        });
    }
}
