using Microsoft.ML.DiffEnc.Tests.Support;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

/// <summary>
/// The closed form of finite depth for a network as it is made: its last convolution is zero, so v̂ = z and x̂ = (α − σ) z. What a step errs by is
/// then linear in the image and in Gaussian noise.
/// </summary>
internal static class LinearDenoiser
{
    private const double GammaMin = -13.3, GammaMax = 5;

    public static DiffEncModel Model(EncoderKind kind) => Models.Create(Models.Describe(kind), perturbed: false);

    /// <summary>
    /// E‖μ_P − μ_Q‖²/(d σ_Q²) over the noise, from the paper's formulas as they stand, for an image of mean square <paramref name="x2"/>.
    /// </summary>
    public static double MeanError(EncoderKind kind, double x2, double t, double s)
    {
        var (gammaT, gammaS) = (Gamma(t), Gamma(s));
        double alphaT = Math.Sqrt(Sigmoid(-gammaT)), sigmaT = Math.Sqrt(Sigmoid(gammaT)), e = Math.Exp(gammaS - gammaT) - 1;
        bool drifts = kind != EncoderKind.None;
        double encodedT = drifts ? Sigmoid(-gammaT) : 1, encodedS = drifts ? Sigmoid(-gammaS) : 1; // x_t = encodedT · x
        double follows = drifts ? (gammaT - gammaS) * sigmaT * sigmaT : 0;
        // μ_P − μ_Q = α_s [−e (x̂ − x_t) + (γ_t − γ_s) σ_t² x̂ − (x_s − x_t)], x̂ = (α_t − σ_t)(α_t x_t + σ_t ε)
        double gain = (alphaT - sigmaT) * (follows - e);
        double ofImage = gain * alphaT * encodedT + e * encodedT - (encodedS - encodedT), ofNoise = gain * sigmaT;
        return Sigmoid(-gammaS) * (ofImage * ofImage * x2 + ofNoise * ofNoise) / (-Sigmoid(gammaS) * e);
    }

    /// <summary>L_T in nats, by the textbook's divergence of two normals in every step.</summary>
    public static double Loss(EncoderKind kind, double x2, TimeGrid grid, int dimensions)
        => Enumerable.Range(1, grid.Depth).Sum(i =>
        {
            double w = grid.Weights[i - 1], m = MeanError(kind, x2, grid.Times[i], grid.Times[i - 1]);
            return 0.5 * dimensions * (w - 1 - Math.Log(w) + w * m);
        });

    private static double Gamma(double t) => GammaMin + (GammaMax - GammaMin) * t;

    private static double Sigmoid(double v) => 1 / (1 + Math.Exp(-v));
}
