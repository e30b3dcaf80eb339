using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>L∞ as ℓ(t)/p(t) at t = F⁻¹(u): unbiased whatever the density, and as evenly spread over its mass as u is over [0, 1).</summary>
internal sealed class ImportanceEstimate(ContinuousBound bound, TimeDensity density) : DiffusionEstimate
{
    public override string Name => "continuous time, importance-sampled times";

    public override Tensor Of(Tensor x, Tensor uniform, Tensor eps, Tensor conditioning)
    {
        using var scope = NewDisposeScope();
        var (times, slope) = density.TimesOf(uniform);
        return (bound.Diffusion(x, times, eps, conditioning) * slope).MoveToOuterDisposeScope();
    }

    public override (Tensor Times, Tensor Slope) TimesOf(Tensor uniform) => density.TimesOf(uniform);
}
