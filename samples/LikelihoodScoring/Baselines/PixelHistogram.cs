namespace LikelihoodScoring.Baselines;

/// <summary>
/// A model that knows each pixel's own histogram over the training pictures and nothing of its neighbours. Counts are smoothed in Laplace's way,
/// by adding the same small number to each of the 256 values.
/// </summary>
internal sealed class PixelHistogram
{
    private const int Values = 256;
    private static readonly double[] Smoothings = [1, 0.3, 0.1, 0.03, 0.01, 0.003];
    private readonly int[] _counts;
    private readonly int _images;

    public PixelHistogram(IEnumerable<byte[]> training, int dimensions)
    {
        _counts = new int[dimensions * Values];
        foreach (byte[] image in training)
        {
            for (int i = 0; i < dimensions; i++)
                _counts[i * Values + image[i]]++;
            _images++;
        }
    }

    /// <summary>Mean bits per dimension of the images, with the smoothing that suits these very images best: every advantage to the baseline.</summary>
    public double BitsPerDimension(IReadOnlyList<byte[]> images) =>
        Smoothings.Min(smoothing => images.Average(image => BitsPerDimension(image, smoothing)));

    private double BitsPerDimension(byte[] image, double smoothing)
    {
        double bits = 0, total = _images + Values * smoothing;
        for (int i = 0; i < image.Length; i++)
            bits -= Math.Log2((_counts[i * Values + image[i]] + smoothing) / total);
        return bits / image.Length;
    }
}
