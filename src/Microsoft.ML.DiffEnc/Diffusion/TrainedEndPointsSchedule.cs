using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// γ(t) = b + |w| t, the authors' <c>train_scalar</c>. All three losses reach w and b, through γ(0), γ(1), γ(t) and γ'(t); the optimiser
/// decays both, as theirs does. Training may carry w below zero, where it counts the same.
/// </summary>
internal sealed class TrainedEndPointsSchedule : NoiseSchedule
{
    [ComponentName(Name = "w")] private readonly Parameter _w;
    [ComponentName(Name = "b")] private readonly Parameter _b;

    public TrainedEndPointsSchedule(double gammaMin, double gammaMax) : base(nameof(TrainedEndPointsSchedule))
    {
        _w = new Parameter(full(1, gammaMax - gammaMin, dtype: float32).DetachFromDisposeScope());
        _b = new Parameter(full(1, gammaMin, dtype: float32).DetachFromDisposeScope());
        register_parameter("w", _w);
        register_parameter("b", _b);
    }

    public override double LeastGamma
    {
        get
        {
            using var scope = NewDisposeScope();
            return _b.detach().to(float64).cpu().item<double>();
        }
    }

    public override (Tensor Gamma, Tensor Slope) At(Tensor t)
    {
        using var scope = NewDisposeScope();
        var slope = _w.to(float64).abs();
        return ((_b.to(float64) + slope * t).MoveToOuterDisposeScope(), slope.expand_as(t).MoveToOuterDisposeScope());
    }
}
