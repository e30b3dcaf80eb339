using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>
/// Pixels x ~ N(0.3, 0.25), each by itself, with an encoder that is linear in x, x_t = A(γ) x + C(γ): the denoiser that training would find
/// is known, (1 + σ²) x̂ = E[x_t + dx_t/dλ | z] (no encoder: x̂ = E[x | z]), and z_t ~ N(α(A m + C), α² A² s² + σ²).
/// </summary>
internal sealed class GaussianToy
{
    private const double Mean = 0.3, Variance = 0.25, GammaMin = -5.6, GammaMax = 6;

    // y = 0.605 x + 0.1645. Slope, offset and γ_min are chosen to show a bias of known size, not taken from a training: an independent
    // Runge-Kutta solution of the uncorrected ODE ends at mean 0.444 and variance 0.305, in place of 0.300 and 0.252.
    private const double Slope = 0.605, Offset = 0.1645;

    private readonly EncoderKind _encoder;

    public GaussianToy(EncoderKind encoder)
    {
        _encoder = encoder;
        Process = new GenerativeProcess(new FixedLinearSchedule(GammaMin, GammaMax), XHat, encoder != EncoderKind.None);
    }

    public GenerativeProcess Process { get; }

    /// <summary>Mean and variance of z_t in truth: at t = 0 what samples should have, at t = 1 what they should start from.</summary>
    public (double Mean, double Variance) Truth(double t)
    {
        double gamma = GammaMin + (GammaMax - GammaMin) * t, alpha2 = Sigmoid(-gamma), sigma2 = Sigmoid(gamma);
        var (a, c, _, _) = Encoding(gamma);
        return (Math.Sqrt(alpha2) * (a * Mean + c), alpha2 * a * a * Variance + sigma2);
    }

    /// <summary>
    /// Mean and variance of what a sampler makes of z_1 as in truth, without Monte-Carlo error: a step is affine in z and ε here, and three
    /// evaluations give its coefficients.
    /// </summary>
    public (double Mean, double Variance) Moments(SamplerKind kind, int steps)
    {
        var (mean, variance) = Truth(1);
        var sampler = SamplerStep.Create(kind, Process);
        for (int i = 0; i < steps; i++)
        {
            using var scope = NewDisposeScope();
            var (z, eps) = (tensor(new[] { 0.0, 1, 0 }).reshape(3, 1, 1, 1), tensor(new[] { 0.0, 0, 1 }).reshape(3, 1, 1, 1));
            double[] next = sampler.Next(z, (double)(steps - i) / steps, (steps - i - 1.0) / steps, eps).data<double>().ToArray();
            var (slope, ofNoise) = (next[1] - next[0], next[2] - next[0]);
            (mean, variance) = (slope * mean + next[0], slope * slope * variance + ofNoise * ofNoise);
        }
        return (mean, variance);
    }

    private Tensor XHat(Tensor z, Tensor gammaT)
    {
        double gamma = gammaT.item<double>(), alpha2 = Sigmoid(-gamma), sigma2 = Sigmoid(gamma), alpha = Math.Sqrt(alpha2);
        var (a, c, da, dc) = Encoding(gamma);
        double gain = alpha * a * Variance / (alpha2 * a * a * Variance + sigma2);
        var x = Mean + gain * (z - alpha * (a * Mean + c)); // E[x | z]
        return _encoder == EncoderKind.None ? x : ((a + da) * x + (c + dc)) / (1 + sigma2);
    }

    /// <summary>A, C, dA/dλ and dC/dλ.</summary>
    private (double A, double C, double SlopeA, double SlopeC) Encoding(double gamma)
    {
        double alpha2 = Sigmoid(-gamma), sigma2 = Sigmoid(gamma);
        var (slope, offset) = _encoder switch
        {
            EncoderKind.None => (1.0, 0.0),
            EncoderKind.NonTrainable => (0.0, 0.0),
            _ => (Slope, Offset),
        };
        return (alpha2 + sigma2 * slope, sigma2 * offset, alpha2 * sigma2 * (1 - slope), -alpha2 * sigma2 * offset);
    }

    private static double Sigmoid(double v) => 1 / (1 + Math.Exp(-v));
}
