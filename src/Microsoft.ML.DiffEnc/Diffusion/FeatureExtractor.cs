using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Takes features of images given as bytes. Not thread-safe: one call at a time.</summary>
internal sealed class FeatureExtractor
{
    private readonly DiffEncModel _model;
    private readonly FeatureDescription _features;
    private readonly ScoringDraws _draws;
    private readonly long[] _shape;
    private readonly int _drawsPerPass;

    public FeatureExtractor(DiffEncModel model, FeatureDescription features)
    {
        (_model, _features) = (model, features);
        int draws = features.SeesNoise ? features.Draws : 1; // one pass, too, where there is no noise
        _draws = new ScoringDraws(draws, features.Times.Length, features.Seed);
        var d = model.Description;
        _shape = [d.Channels, d.Height, d.Width];
        _drawsPerPass = Math.Max(1, model.EvaluationsPerPass / features.Times.Length);
        // The shape of an activation is known when one has been computed.
        var (one, shape) = Measure();
        (Size, Shape) = (one * features.Times.Length, shape);
    }

    /// <summary>The number of features of an image: time by time.</summary>
    public int Size { get; }

    /// <summary>The shape of the features at one time.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>Takes the features of images: all their draws one after another, in full passes of the network.</summary>
    /// <param name="pixels"><paramref name="count"/> images, channels first, one byte a value.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="results">At least <paramref name="count"/> times <see cref="Size"/> long.</param>
    public void Extract(ReadOnlySpan<byte> pixels, int count, Span<float> results)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var sums = zeros([count, Size], dtype: float64);
        int all = count * _draws.Count, step = DiffEncModel.Evenly(all, _drawsPerPass);
        for (int first = 0; first < all; first += step)
        {
            using var section = ComputeSection.Enter(); // one for each pass: what it holds off must not last
            using var pass = NewDisposeScope();
            AddDraws(pixels, first, Math.Min(step, all - first), sums);
        }
        using var last = ComputeSection.Enter();
        var means = (sums / _draws.Count).to(float32).reshape([(long)count * _features.Times.Length, .. Shape]);
        Scaled(means).contiguous().data<float>().CopyTo(results);
    }

    private void AddDraws(ReadOnlySpan<byte> pixels, int first, int count, Tensor sums)
    {
        int size = _model.Description.Dimensions, from = first / _draws.Count, to = (first + count - 1) / _draws.Count + 1;
        var (images, eps) = _features.SeesNoise ? Noise(pixels, first, count) : (arange(first, first + count), null); // otherwise one draw an image
        var x = _model.Scale(tensor(pixels[(from * size)..(to * size)].ToArray(), [to - from, .. _shape], dtype: uint8));
        long times = _features.Times.Length;
        var ofDraws = x.index_select(0, (images - from).to(_model.Device)).repeat_interleave(times, 0); // [k·M, C, H, W]
        var t = tensor(_features.Times, dtype: float64, device: _model.Device).repeat(count);
        var features = _model.InPasses(
            count * times, s => Features(s.View(ofDraws), s.View(t), eps is null ? null : s.View(eps)));
        sums.index_add_(0, images, features.reshape(count, -1).to(float64).cpu(), 1);
    }

    /// <summary>The image of each draw, [k], and ε of each draw and time, [k·M, C, H, W].</summary>
    private (Tensor Images, Tensor Eps) Noise(ReadOnlySpan<byte> pixels, int first, int count)
    {
        var (images, _, eps) = _draws.ForSeveral(pixels, _shape, first, count);
        return (images, eps.to(_model.Device).to(_model.DataType));
    }

    /// <summary>Features of images at one time each, [B, …].</summary>
    private Tensor Features(Tensor x, Tensor times, Tensor? eps)
    {
        var conditioning = zeros(x.size(0), dtype: x.dtype, device: x.device);
        if (_features.Kind == RepresentationKind.LossProfile)
            return _model.Bounds.Diffusion(x, times, eps!, conditioning).unsqueeze(1) / _model.Description.NatsPerBitPerDimension;
        var gamma = _model.Schedule.At(times).Gamma;
        return Pooled(_features.Kind switch
        {
            RepresentationKind.Encoding => _model.Encode(x, gamma),
            RepresentationKind.EncoderOutput => _model.EncoderValue(x, gamma, conditioning),
            RepresentationKind.EncoderFeatures => _model.EncoderActivation(x, gamma, conditioning, _features.Block!),
            RepresentationKind.DenoiserFeatures => _model.DenoiserActivation(x, gamma, eps ?? zeros_like(x), conditioning, _features.Block!),
            var other => throw new ArgumentOutOfRangeException(nameof(x), other, "There is no such representation."),
        });
    }

    /// <summary>[B, C, h, w] pooled to [B, C, g, g]; twice the channels where positive and negative parts stand apart, and where a cell gives two
    /// numbers.</summary>
    private Tensor Pooled(Tensor activation)
    {
        if (_features.Grid is not { } grid)
            return activation;
        bool rectified = _features.Normalization == FeatureNormalization.Rectified;
        var values = rectified ? RectifiedFeatures.Rectify(activation) : activation;
        Tensor Mean() => rectified ? RectifiedFeatures.Pool(values, grid, largest: false) : nn.functional.adaptive_avg_pool2d(values, [grid, grid]);
        Tensor Max() => rectified ? RectifiedFeatures.Pool(values, grid, largest: true) : nn.functional.adaptive_max_pool2d(values, [grid, grid]);
        return _features.Pooling switch
        {
            FeaturePooling.Mean => Mean(),
            FeaturePooling.Max => Max(),
            _ => cat([Mean(), Max()], 1),
        };
    }

    private Tensor Scaled(Tensor features)
        => _features.Normalization == FeatureNormalization.Rectified ? RectifiedFeatures.Scale(features) : features;

    private (int Size, long[] Shape) Measure()
    {
        using var noGradients = no_grad();
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var x = zeros([1, .. _shape], dtype: _model.DataType, device: _model.Device);
        var one = Features(x, zeros(1, dtype: float64, device: _model.Device), zeros_like(x));
        return ((int)one.NumberOfElements, one.shape[1..]);
    }
}
