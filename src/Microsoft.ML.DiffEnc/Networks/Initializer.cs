using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// Makes the initial weights from a generator of its own, so that a seed decides them and the global generator is left alone.
/// </summary>
/// <param name="seed">Decides the weights; <see langword="null"/>: they are zero, to be overwritten by others.</param>
internal sealed class Initializer(long? seed) : IDisposable
{
    // A normal distribution cut at two standard deviations has this standard deviation.
    private const double StandardDeviationOfTruncated = 0.87962566103423978;
    private const double ProbabilityBelowMinusTwo = 0.022750131948179195;

    private readonly Generator _generator = new((ulong)(seed ?? 0), CPU);

    /// <summary>LeCun normal: variance 1/<paramref name="fanIn"/>, truncated at two standard deviations (Flax's default).</summary>
    public Parameter LeCunNormal(long[] shape, long fanIn)
    {
        if (seed is null)
            return Zeros(shape);
        using var scope = NewDisposeScope();
        var uniform = rand(shape, dtype: float64, generator: _generator) * (1 - 2 * ProbabilityBelowMinusTwo) + ProbabilityBelowMinusTwo;
        var normal = erfinv(2 * uniform - 1) * Math.Sqrt(2);
        var scaled = (normal * (Math.Sqrt(1.0 / fanIn) / StandardDeviationOfTruncated)).to(float32);
        return new Parameter(scaled.DetachFromDisposeScope());
    }

    public static Parameter Zeros(params long[] shape) => new(zeros(shape, dtype: float32).DetachFromDisposeScope());

    public static Parameter Ones(params long[] shape) => new(ones(shape, dtype: float32).DetachFromDisposeScope());

    public void Dispose() => _generator.Dispose();
}
