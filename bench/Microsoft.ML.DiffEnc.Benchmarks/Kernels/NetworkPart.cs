using Microsoft.ML.DiffEnc.Benchmarks.Measuring;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Networks.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks.Kernels;

/// <summary>A part of the networks that has a fused form, and what it is given.</summary>
internal sealed class NetworkPart : IDisposable
{
    private const int WarmUps = 10;

    private readonly nn.Module _module;
    private readonly Func<Dual, Dual> _forward;
    private readonly Tensor _value, _gradient;
    private readonly Tensor? _tangent;
    private readonly Dual? _embedding;
    private readonly Clock _clock = new(CPU);

    private NetworkPart(string name, nn.Module module, Func<Dual, Dual> forward, bool pair, int channels, int output, int batch, int side, Dual? embedding = null)
    {
        (Name, Channels, _module, _forward) = (name + (pair ? ", with its derivative" : ""), channels == output ? $"{channels}" : $"{channels} → {output}", module, forward);
        _value = randn(batch, channels, side, side).requires_grad_();
        _tangent = pair ? randn(batch, channels, side, side).requires_grad_() : null;
        _gradient = randn(batch, output, side, side);
        _embedding = embedding;
    }

    public string Name { get; }

    public string Channels { get; }

    /// <summary>All parts at one size of the networks.</summary>
    /// <param name="channels">n.</param>
    /// <param name="batch">B.</param>
    /// <param name="side">H and W.</param>
    public static IEnumerable<NetworkPart> All(int channels, int batch, int side)
    {
        var init = new Initializer(1);
        int groups = NetworkSize.Of(channels, 1, 32).BlockGroups;
        foreach (bool pair in new[] { false, true })
        {
            var norm = new GroupNorm(channels, groups);
            yield return new("norm, swish, dropout", norm, x => norm.Swish(x, new Dropout(0.1, 3)), pair, channels, channels, batch, side);
            var convolution = new Convolution(channels, channels, 3, init);
            yield return new("convolution 3×3", convolution, convolution.Forward, pair, channels, channels, batch, side);
            var attention = new AttentionBlock(channels, groups, init);
            yield return new("attention", attention, attention.Forward, pair, channels, channels, batch, side);
            yield return Block(channels, pair);
        }
        var wide = new Convolution(2 * channels, channels, 3, init);
        yield return new("convolution 3×3", wide, wide.Forward, pair: false, 2 * channels, channels, batch, side);
        yield return Block(2 * channels, pair: false);

        NetworkPart Block(int from, bool pair)
        {
            var block = new ResNetBlock(from, channels, 4 * channels, groups, init);
            var embedding = new Dual(randn(batch, 4 * channels), pair ? randn(batch, 4 * channels) : null);
            return new("ResNet block", block, x => block.Forward(x, embedding, new Dropout(0.1, 3)), pair, from, channels, batch, side, embedding);
        }
    }

    /// <summary>Seconds of each round, in turn.</summary>
    public (PartTimes Separate, PartTimes Fused) Measure(int rounds)
    {
        PartTimes separate = new([], []), fused = new([], []);
        for (int i = -WarmUps; i < rounds; i++)
        {
            foreach (var (times, isFused) in new[] { (separate, false), (fused, true) })
            {
                _module.SetFirstDerivativesOnly(isFused);
                var (forward, backward) = Round();
                if (i < 0)
                    continue;
                times.Forward.Add(forward);
                times.Backward.Add(backward);
            }
        }
        return (separate, fused);
    }

    public void Dispose()
    {
        _module.Dispose();
        _value.Dispose();
        _tangent?.Dispose();
        _gradient.Dispose();
        _embedding?.Value.Dispose();
        _embedding?.Tangent?.Dispose();
    }

    private (double Forward, double Backward) Round()
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        Dual y = default;
        double forward = _clock.Time(() => y = _forward(new Dual(_value, _tangent)));
        Tensor[] outputs = y.Tangent is null ? [y.Value] : [y.Value, y.Tangent], gradients = y.Tangent is null ? [_gradient] : [_gradient, _gradient];
        double backward = _clock.Time(() => GradientLifetime.Take(() => autograd.backward(outputs, gradients)));
        foreach (var leaf in _module.parameters().Append(_value).Append(_tangent))
            if (leaf is not null)
                leaf.grad = null;
        return (forward, backward);
    }
}
