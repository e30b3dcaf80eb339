namespace Microsoft.ML.DiffEnc.Studies.Anomalies;

/// <summary>Images that are of no class.</summary>
internal static class Oddities
{
    // In pixels.
    private const double BlurWidth = 1.5;
    private const int BlurReach = 4;

    public static byte[] Noise(Random random, int size)
    {
        var pixels = new byte[size];
        random.NextBytes(pixels);
        return pixels;
    }

    /// <summary>One grey level.</summary>
    public static byte[] Blank(Random random, int size)
    {
        var pixels = new byte[size];
        Array.Fill(pixels, (byte)random.Next(256));
        return pixels;
    }

    public static byte[] Inverted(byte[] image) => Array.ConvertAll(image, v => (byte)(255 - v));

    /// <summary>Each channel smoothed by a Gaussian; the edge repeats itself.</summary>
    public static byte[] Blurred(byte[] image, int width, int height)
    {
        var result = new byte[image.Length];
        for (int i = 0; i < image.Length; i++)
        {
            int plane = i / (width * height) * width * height, y = (i - plane) / width, x = (i - plane) % width;
            double sum = 0, weights = 0;
            for (int dy = -BlurReach; dy <= BlurReach; dy++)
                for (int dx = -BlurReach; dx <= BlurReach; dx++)
                {
                    double weight = Math.Exp(-(dy * dy + dx * dx) / (2 * BlurWidth * BlurWidth));
                    sum += weight * image[plane + Math.Clamp(y + dy, 0, height - 1) * width + Math.Clamp(x + dx, 0, width - 1)];
                    weights += weight;
                }
            result[i] = (byte)Math.Round(sum / weights);
        }
        return result;
    }

    /// <summary>A grey image in the middle of a colour image of another size, its first pixel's level around it.</summary>
    public static byte[] AsColour(byte[] grey, int from, int to)
    {
        var result = new byte[3 * to * to];
        Array.Fill(result, grey[0]);
        int margin = (to - from) / 2;
        for (int channel = 0; channel < 3; channel++)
            for (int y = 0; y < from; y++)
                Array.Copy(grey, y * from, result, (channel * to + y + margin) * to + margin, from);
        return result;
    }
}
