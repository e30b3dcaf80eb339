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
    private readonly int _imagesPerPass;

    public FeatureExtractor(DiffEncModel model, FeatureDescription features)
    {
        (_model, _features) = (model, features);
        int draws = features.SeesNoise ? features.Draws : 1; // one pass, too, where there is no noise
        _draws = new ScoringDraws(draws, features.Times.Length, features.Seed);
        var d = model.Description;
        _shape = [d.Channels, d.Height, d.Width];
        _imagesPerPass = Math.Max(1, model.EvaluationsPerPass / (draws * features.Times.Length));
        // The shape of an activation is known when one has been computed.
        var (one, shape) = Measure();
        (Size, Shape) = (one * features.Times.Length, shape);
    }

    /// <summary>The number of features of an image: time by time.</summary>
    public int Size { get; }

    /// <summary>The shape of the features at one time.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <param name="pixels"><paramref name="count"/> images, channels first, one byte a value.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="results">At least <paramref name="count"/> times <see cref="Size"/> long.</param>
    public void Extract(ReadOnlySpan<byte> pixels, int count, Span<float> results)
    {
        int size = _model.Description.Dimensions;
        for (int done = 0; done < count; done += _imagesPerPass)
        {
            int now = Math.Min(_imagesPerPass, count - done);
            ExtractTogether(pixels.Slice(done * size, now * size), now, results.Slice(done * Size, now * Size));
        }
    }

    private void ExtractTogether(ReadOnlySpan<byte> pixels, int count, Span<float> results)
    {
        using var noGradients = no_grad();
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var (k, times) = (_draws.Count, (long)_features.Times.Length);
        var x = _model.Scale(tensor(pixels.ToArray(), [count, .. _shape], dtype: uint8));
        var t = tensor(_features.Times, dtype: float64, device: _model.Device).repeat(count * k); // [B·K·M]
        var all = Features(x.repeat_interleave(k * times, 0), t, _features.SeesNoise ? Noise(pixels, count) : null); // [B·K·M, …]
        var mean = all.reshape([count, k, times, .. all.shape[1..]]).mean([1L]); // [B, M, …]
        Scaled(mean.flatten(0, 1)).to(float32).cpu().contiguous().data<float>().CopyTo(results);
    }

    /// <summary>ε of each image, draw and time, [B·K·M, C, H, W].</summary>
    private Tensor Noise(ReadOnlySpan<byte> pixels, int count)
    {
        int size = _model.Description.Dimensions;
        var noise = new Tensor[count];
        for (int i = 0; i < count; i++)
            noise[i] = _draws.For(pixels.Slice(i * size, size), _shape, 0, _draws.Count).Eps;
        return cat(noise).to(_model.Device).to(_model.DataType);
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
