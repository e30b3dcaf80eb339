using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>Measures of images what one anomaly score is made of. Not thread-safe: one call at a time.</summary>
internal sealed class AnomalyScorer
{
    // Losses of nothing (the latent loss of a model whose x_1 vanishes) have no logarithm.
    private const double LeastLoss = 1e-9;

    // The block, the time and the cells for which the neighbours' distances told most on MNIST (docs/anomalies.md).
    private const string FeatureBlock = "mid1";
    private const double FeatureTime = 0.1;
    private const int FeatureGrid = 7;

    private readonly DiffEncTransformer _model;
    private readonly AnomalyScore _score;
    private readonly ProfileDescription _profile;
    private readonly ProfileExtractor _losses;
    private readonly FeatureExtractor? _features;

    public AnomalyScorer(DiffEncTransformer model, AnomalyScore score, ProfileDescription profile)
    {
        (_model, _score, _profile) = (model, score, profile);
        _losses = new ProfileExtractor(model.Model, profile);
        if (!AnomalyMeasures.NeedsFeatures(score))
            return;
        int grid = Math.Min(FeatureGrid, Math.Min(model.ImageColumn.Width, model.ImageColumn.Height));
        _features = new FeatureExtractor(
            model.Model,
            new(RepresentationKind.DenoiserFeatures, [FeatureTime], FeatureBlock, grid, FeaturePooling.Mean, Draws: 1, profile.Seed));
    }

    /// <summary>The number of features that the score looks at.</summary>
    public int FeatureCount => _features?.Size ?? 0;

    /// <summary>What the score asks for.</summary>
    /// <param name="pixels">The image.</param>
    /// <param name="map">Becomes the map, if there is one.</param>
    public AnomalyMeasures Measure(ReadOnlySpan<byte> pixels, float[]? map = null) => new(
        AnomalyMeasures.NeedsBits(_score) ? Bits(pixels) : double.NaN,
        AnomalyMeasures.NeedsLosses(_score) || map is not null ? Losses(pixels, map) : [],
        _features is null ? [] : Features(pixels));

    /// <summary>The map of an image alone.</summary>
    public void Map(ReadOnlySpan<byte> pixels, float[] map) => Losses(pixels, map);

    /// <summary>Bits per dimension less those of a PNG.</summary>
    public double Corrected(double bits, ReadOnlySpan<byte> pixels) => bits - PngLength.BitsPerDimension(pixels, _model.ImageColumn);

    private double[] Losses(ReadOnlySpan<byte> pixels, float[]? map)
    {
        var values = new double[_profile.Size];
        lock (_model.Network)
        {
            _model.ThrowIfDisposed();
            _losses.Extract(pixels, values, map);
        }
        if (map is not null)
            AnomalyMap.Smooth(map, _model.ImageColumn.Width, _model.ImageColumn.Height);
        return Array.ConvertAll(values, v => Math.Log(v + LeastLoss)); // nearly normal where the values are skewed
    }

    private float[] Features(ReadOnlySpan<byte> pixels)
    {
        var values = new float[_features!.Size];
        lock (_model.Network)
        {
            _model.ThrowIfDisposed();
            _features.Extract(pixels, 1, values);
        }
        return values;
    }

    private double Bits(ReadOnlySpan<byte> pixels)
    {
        Span<Likelihood> likelihood = stackalloc Likelihood[1];
        _model.Score(pixels, 1, likelihood, withDiffusion: true, classes: []);
        double bits = likelihood[0].BitsPerDimension;
        return _score == AnomalyScore.ComplexityCorrected ? Corrected(bits, pixels) : bits;
    }
}
