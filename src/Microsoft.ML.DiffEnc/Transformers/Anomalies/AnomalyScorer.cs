using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>Takes of images what their anomaly scores are made of. Not thread-safe: one call at a time.</summary>
internal sealed class AnomalyScorer(DiffEncTransformer model, ProfileDescription profile)
{
    // Losses of nothing (the latent loss of a model whose x_1 vanishes) have no logarithm.
    private const double LeastLoss = 1e-9;

    private readonly ProfileExtractor _extractor = new(model.Model, profile);

    /// <summary>The logarithms of a profile's numbers, which are nearly normal where the numbers themselves are skewed; and the map, if it is asked
    /// for.</summary>
    public double[] Profile(ReadOnlySpan<byte> pixels, float[]? map = null)
    {
        var values = new double[profile.Size];
        lock (model.Network)
        {
            model.ThrowIfDisposed();
            _extractor.Extract(pixels, values, map);
        }
        if (map is not null)
            AnomalyMap.Smooth(map, model.ImageColumn.Width, model.ImageColumn.Height);
        return Array.ConvertAll(values, v => Math.Log(v + LeastLoss));
    }

    /// <summary>The score, from what it is made of.</summary>
    /// <param name="score">Which.</param>
    /// <param name="bits">What <see cref="Bits"/> gives; a profile's score does not look at it.</param>
    /// <param name="profile">What <see cref="Profile"/> gives; only a profile's score looks at it.</param>
    /// <param name="normal">The density of normal images' profiles.</param>
    /// <param name="typicalBits">The mean bits per dimension of normal images.</param>
    public static float Score(AnomalyScore score, double bits, double[]? profile, ShrunkGaussian? normal, double? typicalBits) => score switch
    {
        AnomalyScore.Profile => (float)normal!.NegativeLogDensity(profile),
        AnomalyScore.Typicality => (float)Math.Abs(bits - typicalBits!.Value),
        _ => (float)bits,
    };

    /// <summary>Bits per dimension; for <see cref="AnomalyScore.ComplexityCorrected"/>, less those of a PNG.</summary>
    public double Bits(ReadOnlySpan<byte> pixels, AnomalyScore score)
    {
        Span<Likelihood> likelihood = stackalloc Likelihood[1];
        model.Score(pixels, 1, likelihood, withDiffusion: true, classes: []);
        double bits = likelihood[0].BitsPerDimension;
        return score == AnomalyScore.ComplexityCorrected ? bits - PngLength.BitsPerDimension(pixels, model.ImageColumn) : bits;
    }
}
