using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>Maps of where in an image the diffusion loss is.</summary>
internal static class AnomalyMap
{
    // The loss of a single place is one draw of noise squared; its neighbours' are independent of it, what is odd in an image is wider than a pixel.
    private static readonly float[] _kernel = [1 / 16f, 4 / 16f, 6 / 16f, 4 / 16f, 1 / 16f];

    /// <summary>Smooths by the binomial kernel of five places, in both directions; the edge repeats itself.</summary>
    public static void Smooth(Span<float> map, int width, int height)
    {
        var row = new float[map.Length];
        Pass(map, row, width, height, 1, 0);
        Pass(row, map, width, height, 0, 1);
    }

    /// <summary>A grey picture: black is no loss, mid-grey what hardly any place of a normal image exceeds, white twice that or more.</summary>
    public static MLImage ToImage(ReadOnlySpan<float> map, int width, int height, double unit)
    {
        var grey = new byte[map.Length];
        for (int i = 0; i < grey.Length; i++)
            grey[i] = (byte)Math.Clamp(Math.Round(map[i] / unit * 127.5), 0, 255);
        return MLImages.FromPixels(grey, 1, width, height, channels: 1)[0];
    }

    private static void Pass(ReadOnlySpan<float> from, Span<float> to, int width, int height, int dx, int dy)
    {
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                float sum = 0;
                for (int k = -2; k <= 2; k++)
                    sum += _kernel[k + 2] * from[Math.Clamp(y + k * dy, 0, height - 1) * width + Math.Clamp(x + k * dx, 0, width - 1)];
                to[y * width + x] = sum;
            }
    }
}
