using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Sampling;

/// <summary>
/// The probability-flow ODE dz/dγ = ½ α² z − ½ α f with f = 2(1 + σ²) x̂ − E[x_t | z] (no encoder: f = x̂), by the exponential Heun method: of
/// second order in the step, two evaluations of the network each.
/// </summary>
/// <remarks>
/// In u = z/α it reads du/dγ = ½ (u − f), hence u_s = e^{(γ_s−γ_t)/2} u_t + ½ ∫_{γ_s}^{γ_t} e^{(γ_s−γ)/2} f dγ; the linear part is
/// solved exactly, and f is first taken as constant, then as linear in γ. (α_s/α_t) e^{(γ_s−γ_t)/2} = σ_s/σ_t. Where E[x_t | z] comes from, and when
/// it is an approximation: <see cref="GenerativeProcess.Means"/>.
/// </remarks>
internal sealed class OdeStep(GenerativeProcess process) : SamplerStep(process)
{
    public override bool IsRandom => false;

    protected override Tensor Next(Tensor z, ProcessStep step, Tensor eps)
    {
        var alphaS = step.LevelS.Alpha;
        var fT = Process.OdeImage(z, step.GammaT, step.LevelT);
        // z_s of constant f: (σ_s/σ_t) z_t + α_s (1 − e^{(γ_s−γ_t)/2}) f_t
        var predicted = step.LevelS.Sigma / step.LevelT.Sigma * z - alphaS * step.HalfE * fT;
        // of linear f: + α_s (f_s − f_t) ½ ∫ e^{(γ_s−γ)/2} (γ_t − γ)/(γ_t − γ_s) dγ
        return predicted + alphaS * step.WeightOfChange(rate: 0.5) * (Process.OdeImage(predicted, step.GammaS, step.LevelS) - fT);
    }
}
