using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// The diffusion loss in T steps (DiffEnc, section 3 and appendix). A step from t to s &lt; t has
/// σ_Q² = −σ_s² e with e = expm1(γ_s − γ_t), and
/// μ_P − μ_Q = α_s [−e (x̂ − x_t) + (γ_t − γ_s) σ_t² x̂ − (x_s − x_t)], without an encoder only the first term.
/// </summary>
/// <remarks>
/// In single precision x̂ − x_t and x_s − x_t would cancel for short steps. With δ = γ_t − γ_s the same is
/// ‖μ_P − μ_Q‖²/σ_Q² = expm1(δ) ‖α (v − v̂) + α σ [x̂ δ/(−e) − (x_s − x_t)/(−e σ_t²)]‖², where the last quotient comes from the encoder
/// without a difference of encodings. Term by term this is the continuous loss, which it tends to for δ → 0: expm1(δ) for γ' dt, δ/(−e) for 1,
/// and the quotient for (dx_t/dλ)/σ_t².
/// </remarks>
internal sealed class FiniteDepth(NoiseSchedule schedule, ImageEncoder encoder, ImageDenoiser denoiser)
{
    private static readonly long[] OverPixels = [1, 2, 3];

    /// <summary>KL(q(z_s | z_t, x) ‖ p(z_s | z_t)), nats per image, [B].</summary>
    /// <param name="x">Scaled images, [B, C, H, W].</param>
    /// <param name="step">Each image's own step.</param>
    /// <param name="eps">The noise in z_t, [B, C, H, W].</param>
    /// <param name="conditioning">[B].</param>
    public Tensor StepKl(Tensor x, StepTimes step, Tensor eps, Tensor conditioning)
    {
        using var scope = NewDisposeScope();
        return StepDivergence.Of(MeanError(x, step, eps, conditioning), step.Weight, Dimensions(x)).MoveToOuterDisposeScope();
    }

    /// <summary>M = ‖μ_P − μ_Q‖²/(d σ_Q²) of each image, [B]; the variance σ_P² does not enter.</summary>
    /// <param name="x">Scaled images, [B, C, H, W].</param>
    /// <param name="step">Each image's own step.</param>
    /// <param name="eps">The noise in z_t, [B, C, H, W].</param>
    /// <param name="conditioning">[B].</param>
    /// <param name="dropout">The masks of this training step; <see langword="null"/> outside training.</param>
    public Tensor MeanError(Tensor x, StepTimes step, Tensor eps, Tensor conditioning, Dropout? dropout = null)
    {
        using var scope = NewDisposeScope();
        var (gammaT, gammaS) = (schedule.At(step.T).Gamma, schedule.At(step.S).Gamma);
        var (xT, change) = encoder.Drifts
            ? encoder.EncodeWithChange(x, gammaT, gammaS, conditioning, dropout)
            : (encoder.Encode(x, gammaT, conditioning, dropout), null);
        var (error, xHat, level) = Denoise(xT, gammaT, eps, conditioning, dropout);
        var delta = gammaT - gammaS;
        if (change is not null)
            error += level.Alpha * level.Sigma * (Over(FollowedDrift(delta), x.dtype) * xHat - change);
        return (expm1(delta).to(x.dtype) * error.square().sum(OverPixels) / Dimensions(x)).MoveToOuterDisposeScope();
    }

    /// <summary>M of the steps of one image between all of N + 1 times, with one evaluation of the networks for each time.</summary>
    /// <remarks>x̂ at z_t does not depend on s, nor does y_s on t: only their combination does, which needs no network.</remarks>
    /// <param name="x">One scaled image, [1, C, H, W].</param>
    /// <param name="class">Its class; 0: none.</param>
    /// <param name="times">Increasing, [N + 1], in double precision.</param>
    /// <param name="eps">The noise in z_t, the same at every t, [1, C, H, W].</param>
    /// <param name="together">How many times are evaluated together.</param>
    /// <returns>[N + 1, N + 1] in double precision: from t, the column, to s, the row; 0 where s is not below t.</returns>
    public Tensor MeanErrorsBetween(Tensor x, int @class, Tensor times, Tensor eps, int together)
    {
        using var scope = NewDisposeScope();
        var (gammas, y) = AtAll(x, @class, times, together);
        long count = times.size(0), dimensions = Dimensions(x);
        var table = zeros(count, count, dtype: float64, device: x.device);
        for (long first = 1; first < count; first += together)
        {
            using var section = ComputeSection.Enter();
            using var pass = NewDisposeScope();
            long now = Math.Min(together, count - first);
            var conditioning = full(now, @class, dtype: x.dtype, device: x.device);
            var gammaT = gammas.narrow(0, first, now);
            var xT = y is null ? x.expand(now, -1, -1, -1) : ImageEncoder.Mix(x, y.narrow(0, first, now), NoiseLevel.At(gammaT, x.dtype));
            var (error, xHat, level) = Denoise(xT, gammaT, eps, conditioning, null);
            for (long j = 0; j < now; j++)
            {
                using var column = NewDisposeScope();
                long t = first + j;
                var gammaS = gammas.narrow(0, 0, t);
                var delta = gammas.narrow(0, t, 1) - gammaS;
                var total = error.narrow(0, j, 1);
                if (y is not null)
                {
                    var change = ImageEncoder.Change(x, y.narrow(0, t, 1), y.narrow(0, 0, t), gammas.narrow(0, t, 1), gammaS);
                    var ofDrift = level.Alpha.narrow(0, j, 1) * level.Sigma.narrow(0, j, 1);
                    total += ofDrift * (Over(FollowedDrift(delta), x.dtype) * xHat.narrow(0, j, 1) - change);
                }
                table.narrow(0, 0, t).select(1, t).copy_(expm1(delta) * total.square().sum(OverPixels).to(float64) / dimensions);
            }
        }
        return table.MoveToOuterDisposeScope();
    }

    /// <summary>α (v − v̂) and x̂ at z_t = α_t x_t + σ_t ε.</summary>
    private (Tensor Error, Tensor XHat, NoiseLevel Level) Denoise(Tensor xT, Tensor gammaT, Tensor eps, Tensor conditioning, Dropout? dropout)
    {
        var level = NoiseLevel.At(gammaT, xT.dtype);
        var zT = level.Alpha * xT + level.Sigma * eps;
        var prediction = denoiser.Predict(zT, gammaT, conditioning, dropout);
        return (denoiser.Error(prediction, xT, eps, level), denoiser.Image(prediction, zT, level), level);
    }

    /// <summary>γ of all times and, with an encoder, its y, [N + 1, C, H, W], a few at a time.</summary>
    private (Tensor Gammas, Tensor? Y) AtAll(Tensor x, int @class, Tensor times, int together)
    {
        using var section = ComputeSection.Enter();
        var gammas = schedule.At(times).Gamma;
        return (gammas, encoder.Drifts ? cat([.. gammas.split(together).Select(Output)]) : null);

        Tensor Output(Tensor some)
        {
            var conditioning = full(some.size(0), @class, dtype: x.dtype, device: x.device);
            return encoder.Output(x.expand(some.size(0), -1, -1, -1), new Dual(some), conditioning).Value;
        }
    }

    /// <summary>δ/(−e): how far μ_P follows the encoder's drift, 1 for short steps.</summary>
    private static Tensor FollowedDrift(Tensor delta)
    {
        var positive = ImageEncoder.NotZero(delta);
        return positive / -expm1(-positive);
    }

    private static Tensor Over(Tensor perImage, ScalarType dtype) => perImage.reshape(-1, 1, 1, 1).to(dtype);

    private static long Dimensions(Tensor x) => x.size(1) * x.size(2) * x.size(3);
}

/// <summary>A step of each image of a batch: from t to s with w = σ_Q²/σ_P², each [B] in double precision.</summary>
internal readonly record struct StepTimes(Tensor T, Tensor S, Tensor Weight)
{
    /// <summary>One step for all images.</summary>
    public static StepTimes Of(double t, double s, double weight, long count, Device device)
    {
        Tensor All(double value) => full(count, value, dtype: float64, device: device);
        return new(All(t), All(s), All(weight));
    }
}
