using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Small images with known pixels, in the forms that columns hold them in.</summary>
internal static class Pictures
{
    /// <summary>Pixels of images 8 × 8, channels first, the same for the same number.</summary>
    public static byte[] Pixels(int number, int channels = 1)
    {
        var pixels = new byte[channels * 64];
        new Random(number).NextBytes(pixels);
        return pixels;
    }

    /// <summary>An opaque image of the pixels (channels first).</summary>
    public static MLImage Image(ReadOnlySpan<byte> pixels, int width, int height, MLPixelFormat format = MLPixelFormat.Bgra32, byte alpha = 255)
    {
        int plane = width * height;
        bool grey = pixels.Length == plane;
        var data = new byte[4 * plane];
        for (int i = 0; i < plane; i++)
        {
            (byte red, byte green, byte blue) = grey ? (pixels[i], pixels[i], pixels[i]) : (pixels[i], pixels[plane + i], pixels[2 * plane + i]);
            (data[4 * i], data[4 * i + 2]) = format == MLPixelFormat.Bgra32 ? (blue, red) : (red, blue);
            (data[4 * i + 1], data[4 * i + 3]) = (green, alpha);
        }
        return MLImage.CreateFromPixels(width, height, format, data);
    }

    /// <summary>Rows with grey images 8 × 8 as vectors, numbered.</summary>
    public static IEnumerable<VectorRow> VectorRows(int count)
        => Enumerable.Range(0, count).Select(i => new VectorRow
        {
            Number = i,
            Text = $"row {i}",
            Ragged = new float[i % 5],
            Image = Array.ConvertAll(Pixels(i), p => (float)p),
        });

    /// <summary>Rows with grey images 8 × 8 as <see cref="MLImage"/>s, numbered.</summary>
    public static IEnumerable<ImageRow> ImageRows(int count)
        => Enumerable.Range(0, count).Select(i => new ImageRow { Number = i, Image = Image(Pixels(i), 8, 8) });
}

internal sealed class VectorRow
{
    public int Number { get; set; }

    public string Text { get; set; } = "";

    public float[] Ragged { get; set; } = [];

    [VectorType(64)]
    public float[] Image { get; set; } = [];
}

internal sealed class ImageRow
{
    public int Number { get; set; }

    [ImageType(8, 8)]
    public MLImage? Image { get; set; }
}

internal sealed class ScoredRow
{
    public int Number { get; set; }

    public float Score { get; set; }

    public float BitsPerDimension { get; set; }

    public float LogLikelihood { get; set; }

    public float ReconstructionLoss { get; set; }

    public float LatentLoss { get; set; }

    public float DiffusionLoss { get; set; }

    public float StandardError { get; set; }
}
