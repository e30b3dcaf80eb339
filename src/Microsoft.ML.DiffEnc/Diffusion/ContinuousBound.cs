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
        return Diffusion(x, schedule.At(times), eps, conditioning, dropout, trainHead: false).Loss.MoveToOuterDisposeScope();
    }

    /// <summary>The share of each value of an image in L∞, [B, C, H, W].</summary>
    public Tensor DiffusionOfValues(Tensor x, Tensor times, Tensor eps, Tensor conditioning)
    {
        using var scope = NewDisposeScope();
        var (gammaT, slope) = schedule.At(times);
        var (error, _) = Error(x, gammaT, eps, conditioning, dropout: null, trainHead: false);
        return (0.5 * slope.to(x.dtype).reshape(-1, 1, 1, 1) * error.square()).MoveToOuterDisposeScope();
    }

    /// <summary>L∞ and, where the second head is to be trained, its error.</summary>
    private (Tensor Loss, Tensor? HeadError) Diffusion(
        Tensor x, (Tensor Gamma, Tensor Slope) noise, Tensor eps, Tensor conditioning, Dropout? dropout, bool trainHead)
    {
        using var scope = NewDisposeScope();
        var (error, headError) = Error(x, noise.Gamma, eps, conditioning, dropout, trainHead);
        var loss = 0.5 * noise.Slope.to(x.dtype) * error.square().sum(OverPixels);
        return (loss.MoveToOuterDisposeScope(), headError?.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// α (v − v̂) + α σ (x̂ − (dx_t/dλ)/σ²), [B, C, H, W], whose square ½ γ' makes L∞; and, where the second head is to be trained, the mean square
    /// over the pixels of what it misses of y + dy/dγ, [B].
    /// </summary>
    private (Tensor Error, Tensor? HeadError) Error(
        Tensor x, Tensor gammaT, Tensor eps, Tensor conditioning, Dropout? dropout, bool trainHead)
    {
        using var scope = NewDisposeScope();
        var level = NoiseLevel.At(gammaT, x.dtype);
        var (xT, drift) = encoder.Drifts
            ? encoder.EncodeWithDrift(x, gammaT, conditioning, dropout)
            : (encoder.Encode(x, gammaT, conditioning, dropout), null);
        var zT = level.Alpha * xT + level.Sigma * eps;
        (Tensor prediction, Tensor? outputMean) = trainHead
            ? denoiser.PredictBoth(zT, gammaT, conditioning, cut: true, dropout)
            : (denoiser.Predict(zT, gammaT, conditioning, dropout), null);
        var error = denoiser.Error(prediction, xT, eps, level);
        if (drift is not null)
            error += level.Alpha * level.Sigma * (denoiser.Image(prediction, zT, level) - drift);
        // y + dy/dγ = x_t − (dx_t/dλ)/σ²
        var headError = outputMean is null ? null : (outputMean - (xT - drift!).detach()).square().mean(OverPixels);
        return (error.MoveToOuterDisposeScope(), headError?.MoveToOuterDisposeScope());
    }

    /// <summary>All three at the given times, [B], in double precision.</summary>
    public BoundParts All(Tensor x, Tensor times, Tensor eps0, Tensor eps, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        return All(x, schedule.At(times), eps0, eps, conditioning, dropout).MoveToOuterDisposeScope();
    }

    /// <summary>All three and, for training, the error of a second head.</summary>
    /// <param name="x">Scaled images, [B, C, H, W].</param>
    /// <param name="noise">γ(t) and γ'(t) of the diffusion loss, each [B], in double precision.</param>
    /// <param name="eps0">Noise of the reconstruction, [B, C, H, W].</param>
    /// <param name="eps">Noise of the diffusion, [B, C, H, W].</param>
    /// <param name="conditioning">[B].</param>
    /// <param name="dropout">The masks of this training step; <see langword="null"/> outside training.</param>
    /// <param name="trainHead">Whether the denoiser's second head is trained, if it has one.</param>
    public BoundParts All(
        Tensor x, (Tensor Gamma, Tensor Slope) noise, Tensor eps0, Tensor eps, Tensor conditioning, Dropout? dropout = null, bool trainHead = false)
    {
        using var scope = NewDisposeScope();
        var (x0, x1) = EndPoints(x, conditioning, dropout);
        var (diffusion, headError) = Diffusion(x, noise, eps, conditioning, dropout, trainHead && denoiser.HasOdeHead);
        return new BoundParts(
            Reconstruction(x, x0, eps0).MoveToOuterDisposeScope(),
            Latent(x1).MoveToOuterDisposeScope(),
            diffusion.MoveToOuterDisposeScope(),
            headError?.MoveToOuterDisposeScope());
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
/// <param name="Reconstruction">L0.</param>
/// <param name="Latent">L1.</param>
/// <param name="Diffusion">L∞.</param>
/// <param name="HeadError">No part of the bound: the mean squared error of the second head, where it is trained; [B].</param>
internal readonly record struct BoundParts(Tensor Reconstruction, Tensor Latent, Tensor Diffusion, Tensor? HeadError = null)
{
    public BoundParts MoveToOuterDisposeScope()
    {
        Reconstruction.MoveToOuterDisposeScope();
        Latent.MoveToOuterDisposeScope();
        Diffusion.MoveToOuterDisposeScope();
        HeadError?.MoveToOuterDisposeScope();
        return this;
    }
}
