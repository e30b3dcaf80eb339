using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Sampling;

/// <summary>
/// The process of infinite depth, dz = [(1 − σ²/2) z − α f] dγ + σ dw̄ with f = (1 + σ²) x̂ (no encoder: f = x̂), by the exponential
/// Heun method: weakly of second order in the step, two evaluations of x̂ each.
/// </summary>
/// <remarks>
/// In u = z/α, where d(1/α)/dγ = σ²/2α, the process reads du = (u − f) dγ + e^{γ/2} dw̄. Its linear part and its noise are solved exactly,
/// u_s = e^{γ_s−γ_t} u_t + ∫_{γ_s}^{γ_t} e^{γ_s−γ} f dγ + N(0, −e^{γ_s} e) with e = expm1(γ_s − γ_t), and f is first taken as constant, then as
/// linear in γ. A constant f alone would be ancestral sampling over again: the same step without an encoder.
/// </remarks>
internal sealed class SdeStep(GenerativeProcess process) : SamplerStep(process)
{
    public override bool IsRandom => true;

    protected override Tensor Next(Tensor z, ProcessStep step, Tensor eps)
    {
        var (alphaT, alphaS) = (step.LevelT.Alpha, step.LevelS.Alpha);
        var fT = Drift(z, step.GammaT, step.LevelT);
        // z_s of constant f: (α_s/α_t) e^{γ_s−γ_t} z_t − α_s e f_t + σ_s √−e ε
        var predicted = alphaS / alphaT * (1 + step.E) * z - alphaS * step.E * fT + step.LevelS.Sigma * (-step.E).sqrt() * eps;
        // of linear f, with the same noise: + α_s (f_s − f_t) ∫ e^{γ_s−γ} (γ_t − γ)/(γ_t − γ_s) dγ
        return predicted + alphaS * step.WeightOfChange(rate: 1) * (Drift(predicted, step.GammaS, step.LevelS) - fT);
    }

    private Tensor Drift(Tensor z, Tensor gamma, NoiseLevel level)
    {
        var xHat = Process.XHat(z, gamma);
        return Process.Drifts ? (1 + level.SigmaSquared) * xHat : xHat;
    }
}
