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

    /// <summary>What the score asks for, of one image.</summary>
    public AnomalyMeasures Measure(ReadOnlySpan<byte> pixels) => Measure(pixels, 1)[0];

    /// <summary>What the score asks for, of images that share passes of the network.</summary>
    /// <param name="pixels">The images.</param>
    /// <param name="count">Their number.</param>
    /// <param name="maps">Become the maps, one after the other; empty: there are none.</param>
    public AnomalyMeasures[] Measure(ReadOnlySpan<byte> pixels, int count, Span<float> maps = default)
    {
        double[] bits = AnomalyMeasures.NeedsBits(_score) ? Bits(pixels, count) : [];
        double[][] losses = AnomalyMeasures.NeedsLosses(_score) || !maps.IsEmpty ? Losses(pixels, count, maps) : [];
        float[][] features = _features is null ? [] : Features(pixels, count);
        return
        [
            .. Enumerable.Range(0, count).Select(i => new AnomalyMeasures(
                bits.Length == 0 ? double.NaN : bits[i], losses.Length == 0 ? [] : losses[i], features.Length == 0 ? [] : features[i])),
        ];
    }

    /// <summary>The maps of images alone.</summary>
    public void Map(ReadOnlySpan<byte> pixels, int count, Span<float> maps) => Losses(pixels, count, maps);

    /// <summary>Bits per dimension less those of a PNG.</summary>
    public double Corrected(double bits, ReadOnlySpan<byte> pixels) => bits - PngLength.BitsPerDimension(pixels, _model.ImageColumn);

    private double[][] Losses(ReadOnlySpan<byte> pixels, int count, Span<float> maps)
    {
        var values = new double[count * _profile.Size];
        lock (_model.Network)
        {
            _model.ThrowIfDisposed();
            _losses.Extract(pixels, count, values, maps);
        }
        int width = _model.ImageColumn.Width, height = _model.ImageColumn.Height;
        for (int at = 0; at < maps.Length; at += width * height)
            AnomalyMap.Smooth(maps.Slice(at, width * height), width, height);
        // The logarithms are nearly normal where the values are skewed.
        return [.. values.Chunk(_profile.Size).Select(profile => Array.ConvertAll(profile, v => Math.Log(v + LeastLoss)))];
    }

    private float[][] Features(ReadOnlySpan<byte> pixels, int count)
    {
        var values = new float[count * _features!.Size];
        lock (_model.Network)
        {
            _model.ThrowIfDisposed();
            _features.Extract(pixels, count, values);
        }
        return [.. values.Chunk(_features.Size)];
    }

    private double[] Bits(ReadOnlySpan<byte> pixels, int count)
    {
        var likelihoods = new Likelihood[count];
        _model.Score(pixels, count, likelihoods, withDiffusion: true, classes: []);
        double[] bits = [.. likelihoods.Select(likelihood => (double)likelihood.BitsPerDimension)];
        int size = _model.ImageColumn.ValuesPerImage;
        for (int i = 0; i < count && _score == AnomalyScore.ComplexityCorrected; i++)
            bits[i] = Corrected(bits[i], pixels.Slice(i * size, size));
        return bits;
    }
}
