using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Sampling;

/// <summary>
/// Ancestral sampling (DiffEnc, section 3): z_s = μ_P + σ_P ε, with σ_P² = σ_Q²/w, σ_Q² = −σ_s² e, e = expm1(γ_s − γ_t), and
/// μ_P = (α_s/α_t)(1 + e) z_t − α_s e x̂ + α_s (γ_t − γ_s) σ_t² x̂, its last term only with an encoder.
/// </summary>
internal sealed class AncestralStep(GenerativeProcess process) : SamplerStep(process)
{
    public override bool IsRandom => true;

    /// <summary>What x̂ counts for in μ_P/α_s: −e + (γ_t − γ_s) σ_t², the second term only with an encoder.</summary>
    public static Tensor OfImage(ProcessStep step, bool drifts) => drifts ? step.Shift - step.E : -step.E;

    /// <summary>z_s of an x̂ that is known.</summary>
    public static Tensor From(Tensor z, Tensor xHat, ProcessStep step, bool drifts, Tensor eps)
    {
        var mean = step.LevelS.Alpha / step.LevelT.Alpha * (1 + step.E) * z + step.LevelS.Alpha * OfImage(step, drifts) * xHat;
        return mean + step.LevelS.Sigma * (-step.E / step.Weight).sqrt() * eps;
    }

    protected override Tensor Next(Tensor z, ProcessStep step, Tensor eps) => From(z, Process.XHat(z, step.GammaT), step, Process.Drifts, eps);
}
