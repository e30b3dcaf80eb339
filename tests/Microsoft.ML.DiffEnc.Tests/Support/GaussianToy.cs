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
    private const double Mean = 0.3, Variance = 0.25, GammaMin = -5.6;

    // y = 0.605 x + 0.1645. Slope, offset and γ_min are chosen to show a bias of known size, not taken from a training: an independent
    // Runge-Kutta solution of the uncorrected ODE ends at mean 0.444 and variance 0.305, in place of 0.300 and 0.252.
    private const double Slope = 0.605, Offset = 0.1645;

    private readonly EncoderKind _encoder;
    private readonly double _gammaMax;

    /// <param name="encoder">The encoder.</param>
    /// <param name="head">Whether the denoiser has the second head, as good as training could make it: E[y + dy/dγ | z].</param>
    /// <param name="gammaMax">γ(1). At 40 nothing of the image is left in z_1 in double precision, and z_1 ~ N(0, 1).</param>
    public GaussianToy(EncoderKind encoder, bool head = false, double gammaMax = 6)
    {
        (_encoder, _gammaMax) = (encoder, gammaMax);
        Process = new GenerativeProcess(new FixedLinearSchedule(GammaMin, gammaMax), XHat, encoder != EncoderKind.None, head ? Headed : null);
    }

    public GenerativeProcess Process { get; }

    /// <summary>Mean and variance of z_t in truth: at t = 0 what samples should have, at t = 1 what they should start from.</summary>
    public (double Mean, double Variance) Truth(double t)
    {
        double gamma = GammaMin + (_gammaMax - GammaMin) * t, alpha2 = Sigmoid(-gamma), sigma2 = Sigmoid(gamma);
        var (a, c, _, _) = Encoding(gamma);
        return (Math.Sqrt(alpha2) * (a * Mean + c), alpha2 * a * a * Variance + sigma2);
    }

    /// <summary>
    /// Mean and variance of what a sampler makes of z_1, as in truth if nothing else is given, without Monte-Carlo error: a step is affine in z and
    /// ε here, and three evaluations give its coefficients.
    /// </summary>
    public (double Mean, double Variance) Moments(SamplerKind kind, int steps, (double Mean, double Variance)? start = null)
    {
        var (mean, variance) = start ?? Truth(1);
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

    private Tensor XHat(Tensor z, Tensor gamma)
    {
        var x = MeanImage(z, gamma);
        if (_encoder == EncoderKind.None)
            return x;
        Tensor Share(Func<(double A, double C, double SlopeA, double SlopeC), double> numerator)
            => PerImage(gamma, g => numerator(Encoding(g)) / (1 + Sigmoid(g)));
        return Share(e => e.A + e.SlopeA) * x + Share(e => e.C + e.SlopeC);
    }

    private (Tensor XHat, Tensor OutputMean) Headed(Tensor z, Tensor gamma) => (XHat(z, gamma), Slope * MeanImage(z, gamma) + Offset);

    /// <summary>E[x | z].</summary>
    private Tensor MeanImage(Tensor z, Tensor gamma)
    {
        double Centre(double g) => Math.Sqrt(Sigmoid(-g)) * (Encoding(g).A * Mean + Encoding(g).C);
        double Gain(double g)
        {
            double alpha = Math.Sqrt(Sigmoid(-g)), a = Encoding(g).A;
            return alpha * a * Variance / (alpha * alpha * a * a * Variance + Sigmoid(g));
        }
        return Mean + PerImage(gamma, Gain) * (z - PerImage(gamma, Centre));
    }

    private static Tensor PerImage(Tensor gamma, Func<double, double> of)
        => tensor(Array.ConvertAll(gamma.data<double>().ToArray(), g => of(g))).reshape(-1, 1, 1, 1);

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
