using System.Buffers.Binary;
using LikelihoodScoring.Drawing;
using SkiaSharp;

namespace LikelihoodScoring.Baselines;

/// <summary>Bits per dimension of pictures as lossless PNG files: of the whole file, and of the compressed pixels (its IDAT chunks) alone.</summary>
internal sealed record PngSize(double WholeFile, double PixelsOnly)
{
    private static readonly SKPngEncoderFilterFlags[] Filters =
    [
        SKPngEncoderFilterFlags.None, SKPngEncoderFilterFlags.Sub, SKPngEncoderFilterFlags.Up,
        SKPngEncoderFilterFlags.Avg, SKPngEncoderFilterFlags.Paeth, SKPngEncoderFilterFlags.AllFilters
    ];

    /// <summary>Means over the images; each is packed as hard as zlib can, with the PNG filter that makes it smallest.</summary>
    public static PngSize Of(IReadOnlyList<byte[]> images, int width, int height, int channels)
    {
        (int File, int Pixels)[] bytes = [.. images.Select(image => Smallest(image, width, height, channels))];
        double bitsPerByte = 8.0 / (width * height * channels);
        return new PngSize(bytes.Average(b => b.File) * bitsPerByte, bytes.Average(b => b.Pixels) * bitsPerByte);
    }

    private static (int File, int Pixels) Smallest(byte[] image, int width, int height, int channels)
    {
        using SKBitmap bitmap = Raster.ToBitmap(image, width, height, channels);
        using SKPixmap pixmap = bitmap.PeekPixels();
        return Filters.Select(filter =>
        {
            using SKData png = pixmap.Encode(new SKPngEncoderOptions(filter, zLibLevel: 9));
            return ((int)png.Size, PixelBytes(png.AsSpan()));
        }).Min();
    }

    /// <summary>Chunks follow an 8-byte signature: length, type, data, checksum.</summary>
    private static int PixelBytes(ReadOnlySpan<byte> png)
    {
        int bytes = 0;
        for (int at = 8; at < png.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(png[at..]);
            if (png.Slice(at + 4, 4).SequenceEqual("IDAT"u8))
                bytes += length;
            at += 12 + length;
        }
        return bytes;
    }
}
