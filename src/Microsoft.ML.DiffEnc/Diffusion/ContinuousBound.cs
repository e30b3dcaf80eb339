using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// The three parts of the bound −log p(x) ≤ L0 + L1 + L∞ in continuous time (VDM, equation 11 and appendix; DiffEnc, section 3), in
/// nats per image, each [B].
/// </summary>
internal sealed class ContinuousBound(NoiseSchedule schedule, ImageEncoder encoder, ImageDenoiser denoiser)
{
    private static readonly long[] OverPixels = [1, 2, 3];

    /// <summary>L0 = E[−log p(x | z_0)], with z_0/α_0 = x_{t=0} + e^{γ_0/2} ε_0.</summary>
    public Tensor Reconstruction(Tensor x, Tensor x0, Tensor eps0)
    {
        using var scope = NewDisposeScope();
        var gamma0 = schedule.GammaAt(0, x.device);
        return (-Pixels.LogProbability(x, x0 + exp(0.5 * gamma0).to(x.dtype) * eps0, gamma0, schedule.LeastGamma)).MoveToOuterDisposeScope();
    }

    /// <summary>L1 = KL(q(z_1 | x) ‖ N(0, I)) = ½ Σ [α_1² x_{t=1}² + σ_1² − ln σ_1² − 1].</summary>
    public Tensor Latent(Tensor x1)
    {
        using var scope = NewDisposeScope();
        var gamma1 = schedule.GammaAt(1, x1.device);
        // With a = α_1²: σ_1² − ln σ_1² − 1 = −a − ln(1 − a), about a²/2: in single precision nothing of it would be left.
        var alphaSquared = sigmoid(-gamma1);
        var ofNoise = (-alphaSquared - log1p(-alphaSquared)).to(x1.dtype);
        long dimensions = x1.size(1) * x1.size(2) * x1.size(3);
        return (0.5 * (alphaSquared.to(x1.dtype) * x1.square().sum(OverPixels) + dimensions * ofNoise)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// L∞ = ½ E[γ'(t) e^{−γ_t} ‖x̂ + σ_t² x̂ − x_t − dx_t/dλ‖²] at the given times and noise, in the form that does not cancel:
    /// ½ γ' ‖α (v − v̂) + α σ (x̂ − (dx_t/dλ)/σ²)‖², the second term only with an encoder.
    /// </summary>
    public Tensor Diffusion(Tensor x, Tensor times, Tensor eps, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        return Diffusion(x, schedule.At(times), eps, conditioning, dropout).MoveToOuterDisposeScope();
    }

    private Tensor Diffusion(Tensor x, (Tensor Gamma, Tensor Slope) noise, Tensor eps, Tensor conditioning, Dropout? dropout)
    {
        using var scope = NewDisposeScope();
        return DiffusionOfPixels(x, noise, eps, conditioning, dropout).sum(OverPixels).MoveToOuterDisposeScope();
    }

    /// <summary>The share of each value of the image in the diffusion loss at γ(t) and γ'(t), [B, C, H, W].</summary>
    public Tensor DiffusionOfPixels(Tensor x, (Tensor Gamma, Tensor Slope) noise, Tensor eps, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        var (gammaT, slope) = noise;
        var level = NoiseLevel.At(gammaT, x.dtype);
        var (xT, drift) = encoder.Drifts
            ? encoder.EncodeWithDrift(x, gammaT, conditioning, dropout)
            : (encoder.Encode(x, gammaT, conditioning, dropout), null);
        var zT = level.Alpha * xT + level.Sigma * eps;
        var prediction = denoiser.Predict(zT, gammaT, conditioning, dropout);
        var error = denoiser.Error(prediction, xT, eps, level);
        if (drift is not null)
            error += level.Alpha * level.Sigma * (denoiser.Image(prediction, zT, level) - drift);
        return (0.5 * slope.to(x.dtype).reshape(-1, 1, 1, 1) * error.square()).MoveToOuterDisposeScope();
    }

    /// <summary>All three at the given times, [B], in double precision.</summary>
    public BoundParts All(Tensor x, Tensor times, Tensor eps0, Tensor eps, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        return All(x, schedule.At(times), eps0, eps, conditioning, dropout).MoveToOuterDisposeScope();
    }

    /// <summary>All three.</summary>
    /// <param name="x">Scaled images, [B, C, H, W].</param>
    /// <param name="noise">γ(t) and γ'(t) of the diffusion loss, each [B], in double precision.</param>
    /// <param name="eps0">Noise of the reconstruction, [B, C, H, W].</param>
    /// <param name="eps">Noise of the diffusion, [B, C, H, W].</param>
    /// <param name="conditioning">[B].</param>
    /// <param name="dropout">The masks of this training step; <see langword="null"/> outside training.</param>
    public BoundParts All(Tensor x, (Tensor Gamma, Tensor Slope) noise, Tensor eps0, Tensor eps, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        var (x0, x1) = EndPoints(x, conditioning, dropout);
        return new BoundParts(
            Reconstruction(x, x0, eps0).MoveToOuterDisposeScope(),
            Latent(x1).MoveToOuterDisposeScope(),
            Diffusion(x, noise, eps, conditioning, dropout).MoveToOuterDisposeScope());
    }

    /// <summary>The encodings at both ends of time, x_{t=0} and x_{t=1}, through one pass of the encoder.</summary>
    public (Tensor X0, Tensor X1) EndPoints(Tensor x, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        long batch = x.size(0);
        var gammas = cat([schedule.GammaAt(0, x.device).expand(batch), schedule.GammaAt(1, x.device).expand(batch)]);
        var both = encoder.Encode(cat([x, x]), gammas, cat([conditioning, conditioning]), dropout);
        return (both.narrow(0, 0, batch).MoveToOuterDisposeScope(), both.narrow(0, batch, batch).MoveToOuterDisposeScope());
    }
}

/// <summary>The three parts of the bound, nats per image, each [B].</summary>
internal readonly record struct BoundParts(Tensor Reconstruction, Tensor Latent, Tensor Diffusion)
{
    public BoundParts MoveToOuterDisposeScope()
    {
        Reconstruction.MoveToOuterDisposeScope();
        Latent.MoveToOuterDisposeScope();
        Diffusion.MoveToOuterDisposeScope();
        return this;
    }
}
