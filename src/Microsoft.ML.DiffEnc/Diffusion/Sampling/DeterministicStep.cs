using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Sampling;

/// <summary>
/// The deterministic step z_s = α_s m_s + (σ_s/σ_t)(z_t − α_t m) with m = E[x_t | z] and m_s = m + (γ_t − γ_s) E[dx_t/dλ | z] = m + (γ_t − γ_s) [(1
/// + σ_t²) x̂ − m], the encoding's mean at both ends: the ODE to first order, with one evaluation of the network. Where m = x̂, m_s = x̂ (1 + (γ_t −
/// γ_s) σ_t²); without an encoder m_s = x̂, which is DDIM (Song et al., 2021).
/// </summary>
internal sealed class DeterministicStep(GenerativeProcess process) : SamplerStep(process)
{
    public override bool IsRandom => false;

    protected override Tensor Next(Tensor z, ProcessStep step, Tensor eps)
    {
        var (xHat, encoding) = Process.Means(z, step.GammaT, step.LevelT);
        // α_s m − (σ_s/σ_t) α_t m = −α_s expm1((γ_s − γ_t)/2) m, which does not cancel when the step is small.
        var ofImage = -step.HalfE * encoding;
        if (Process.Drifts)
            ofImage += (step.GammaT - step.GammaS).to(z.dtype) * ((1 + step.LevelT.SigmaSquared) * xHat - encoding);
        return step.LevelS.Sigma / step.LevelT.Sigma * z + step.LevelS.Alpha * ofImage;
    }
}
