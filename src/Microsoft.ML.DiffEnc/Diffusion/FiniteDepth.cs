using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// The generative process in T steps (DiffEnc, section 3 and appendix): from t to s &lt; t,
/// σ_Q² = −σ_s² e with e = expm1(γ_s − γ_t), and the mean
/// μ_P = (α_s/α_t)(1 + e) z_t − α_s e x̂ + α_s (γ_t − γ_s) σ_t² x̂, its last term only with an encoder.
/// </summary>
internal sealed class FiniteDepth(NoiseSchedule schedule, ImageEncoder encoder, ImageDenoiser denoiser)
{
    /// <summary>KL(q(z_s | z_t, x) ‖ p(z_s | z_t)) of step i of T, nats per image, [B].</summary>
    /// <param name="x">Scaled images, [B, C, H, W].</param>
    /// <param name="i">1..T: t = i/T, s = (i − 1)/T.</param>
    /// <param name="steps">T.</param>
    /// <param name="eps">The noise in z_t, [B, C, H, W].</param>
    /// <param name="w">σ_Q²/σ_P².</param>
    /// <param name="conditioning">[B].</param>
    public Tensor StepKl(Tensor x, int i, int steps, Tensor eps, double w, Tensor conditioning)
    {
        using var scope = NewDisposeScope();
        var step = ProcessStep.Between(schedule, (double)i / steps, (i - 1.0) / steps, x);
        long batch = x.size(0);
        Tensor Encoded(Tensor gamma) => encoder.Encode(x, gamma.expand(batch), conditioning);

        var xT = Encoded(step.GammaT);
        var zT = step.LevelT.Alpha * xT + step.LevelT.Sigma * eps;
        var xHat = Predicted(zT, step, conditioning);
        var gap = -step.E * (xHat - xT); // (μ_P − μ_Q)/α_s
        if (encoder.Drifts)
            gap += step.Shift * xHat - (Encoded(step.GammaS) - xT);
        var squared = (step.LevelS.AlphaSquared * gap.square()).sum([1L, 2, 3]);
        var varianceQ = (-step.LevelS.SigmaSquared * step.E).flatten();
        long dimensions = x.size(1) * x.size(2) * x.size(3);
        return (0.5 * (dimensions * (w - 1 - Math.Log(w)) + w * squared / varianceQ)).MoveToOuterDisposeScope();
    }

    /// <summary>x̂ at the step's start.</summary>
    private Tensor Predicted(Tensor zT, ProcessStep step, Tensor conditioning)
        => denoiser.Image(denoiser.Predict(zT, step.GammaT.expand(zT.size(0)), conditioning), zT, step.LevelT);
}
