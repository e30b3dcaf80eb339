using Microsoft.ML.Data;
using SkiaSharp;

namespace AnomalyService.Detection;

/// <summary>PNG files in memory; ML.NET writes them to disk only.</summary>
internal static class Png
{
    /// <summary>A PNG of an image whose pixels are Bgra32, as those of overlays are.</summary>
    public static byte[] Encode(MLImage image)
    {
        var info = new SKImageInfo(image.Width, image.Height, SKColorType.Bgra8888, SKAlphaType.Opaque);
        using SKImage picture = SKImage.FromPixelCopy(info, image.Pixels);
        using SKData data = picture.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
