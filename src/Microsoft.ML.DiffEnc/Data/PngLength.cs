using System.Runtime.InteropServices;
using SkiaSharp;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>How long an image is when compressed without loss.</summary>
internal static class PngLength
{
    /// <summary>The whole PNG file, in bits per value of the image.</summary>
    /// <param name="pixels">Channels first, one byte a value.</param>
    /// <param name="column">The image's size.</param>
    public static double BitsPerDimension(ReadOnlySpan<byte> pixels, ImageColumn column)
    {
        bool grey = column.Channels == 1;
        using var bitmap = new SKBitmap(column.Width, column.Height, grey ? SKColorType.Gray8 : SKColorType.Rgb888x, SKAlphaType.Opaque);
        var rows = new byte[bitmap.RowBytes * column.Height];
        int plane = column.Width * column.Height, size = grey ? 1 : 4;
        for (int at = 0; at < plane; at++)
            for (int c = 0; c < column.Channels; c++)
                rows[at / column.Width * bitmap.RowBytes + at % column.Width * size + c] = pixels[c * plane + at];
        Marshal.Copy(rows, 0, bitmap.GetPixels(), rows.Length);
        using var pixmap = bitmap.PeekPixels();
        using var file = pixmap.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, zLibLevel: 9));
        return 8.0 * file.Size / column.ValuesPerImage;
    }
}
