using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// γ(t) = ½ γ_max t¹⁰ + (½ γ_max − γ_min) t + γ_min, the authors' <c>poly10</c>: γ(0) = γ_min, and at t = 1 the halves add up to γ_max.
/// </summary>
internal sealed class PolynomialSchedule(double gammaMin, double gammaMax) : NoiseSchedule(nameof(PolynomialSchedule))
{
    private readonly double _half = gammaMax / 2;

    public override double LeastGamma => gammaMin;

    /// <summary>
    /// Whether γ(t) increases throughout: γ'(t) = 5 γ_max t⁹ + ½ γ_max − γ_min is monotone in t, so it is positive if it is so at both ends.
    /// </summary>
    public static bool Increases(double gammaMin, double gammaMax) => gammaMin < 0.5 * gammaMax && gammaMin < 5.5 * gammaMax;

    public override (Tensor Gamma, Tensor Slope) At(Tensor t)
    {
        using var scope = NewDisposeScope();
        var ninth = t.pow(9);
        // Written around γ_max − γ_min, so that both ends are as exact as the linear schedule's.
        var gamma = gammaMin + (gammaMax - gammaMin) * t - _half * t * (1 - ninth);
        return (gamma.MoveToOuterDisposeScope(), (10 * _half * ninth + (_half - gammaMin)).MoveToOuterDisposeScope());
    }
}
