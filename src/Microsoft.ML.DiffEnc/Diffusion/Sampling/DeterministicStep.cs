using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Sampling;

/// <summary>
/// The deterministic step z_s = α_s x̂_s + (σ_s/σ_t)(z_t − α_t x̂) with x̂_s = x̂ (1 + (γ_t − γ_s) σ_t²) (no encoder: x̂_s = x̂; that is DDIM,
/// Song et al., 2021): the ODE to first order, with one evaluation of x̂. With a trained encoder it shares the ODE's approximation.
/// </summary>
internal sealed class DeterministicStep(GenerativeProcess process) : SamplerStep(process)
{
    public override bool IsRandom => false;

    protected override Tensor Next(Tensor z, ProcessStep step, Tensor eps)
    {
        var xHat = Process.XHat(z, step.GammaT);
        // α_s x̂ − (σ_s/σ_t) α_t x̂ = −α_s expm1((γ_s − γ_t)/2) x̂, which does not cancel when the step is small.
        var ofImage = Process.Drifts ? step.Shift - step.HalfE : -step.HalfE;
        return step.LevelS.Sigma / step.LevelT.Sigma * z + step.LevelS.Alpha * ofImage * xHat;
    }
}
