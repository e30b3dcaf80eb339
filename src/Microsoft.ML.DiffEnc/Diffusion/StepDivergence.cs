using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// KL(q(z_s | z_t, x) ‖ p(z_s | z_t)) of a step in nats, as a function of its mean error M = ‖μ_P − μ_Q‖²/(d σ_Q²) and of w = σ_Q²/σ_P²
/// (DiffEnc, section 3 and appendix).
/// </summary>
internal static class StepDivergence
{
    /// <summary>½ d [w − 1 − ln w + w M].</summary>
    public static double Of(double meanError, double w, int dimensions) => 0.5 * dimensions * (OfVariances(w) + w * meanError);

    /// <summary>The same of each image, [B].</summary>
    /// <param name="meanError">M of each image, [B].</param>
    /// <param name="w">[B], in double precision.</param>
    /// <param name="dimensions">d.</param>
    public static Tensor Of(Tensor meanError, Tensor w, long dimensions)
    {
        using var scope = NewDisposeScope();
        var ofVariances = (w - 1 - log(w)).to(meanError.dtype);
        return (0.5 * dimensions * (ofVariances + w.to(meanError.dtype) * meanError)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The w that makes the expected divergence smallest where M is its expectation: 1/(1 + M), that is σ_P² = σ_Q² + E‖μ_P − μ_Q‖²/d.
    /// </summary>
    public static double OptimalWeight(double meanError) => 1 / (1 + meanError);

    /// <summary>The expected divergence at that w: (d/2) ln(1 + M).</summary>
    public static double AtOptimum(double meanError, int dimensions) => 0.5 * dimensions * Math.Log(1 + meanError);

    /// <inheritdoc cref="AtOptimum(double, int)"/>
    public static Tensor AtOptimum(Tensor meanError, long dimensions) => 0.5 * dimensions * log1p(meanError);

    private static double OfVariances(double w) => w - 1 - Math.Log(w);
}
