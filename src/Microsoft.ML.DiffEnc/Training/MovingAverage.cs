using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>The exponential moving average of the weights, which is what scores and generates.</summary>
internal sealed class MovingAverage(DiffEncModel model, DiffEncModel average, double decay, bool ramp)
{
    private static readonly Lazy<jit.CompilationUnit> Kernel = new(() => jit.compile("""
        def lerp(average: List[Tensor], weights: List[Tensor], share: float) -> Tensor:
            torch._foreach_lerp_(average, weights, share)
            return average[0]

        """));

    private readonly Tensor[] _weights = Ordered(model), _average = Ordered(average);

    /// <param name="step">Steps done before this one.</param>
    public void Update(long step)
    {
        double now = ramp ? Math.Min(decay, (1.0 + step) / (10.0 + step)) : decay;
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        Kernel.Value.invoke("lerp", _average, _weights, 1 - now);
    }

    private static Tensor[] Ordered(DiffEncModel model)
        => [.. model.NamedParameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Value)];
}
