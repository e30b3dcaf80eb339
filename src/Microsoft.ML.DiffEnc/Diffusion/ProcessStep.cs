using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>A step of the process from t to s; <see cref="E"/> and what follows are shaped [1, 1, 1, 1].</summary>
/// <param name="GammaT">γ_t, [1], in double precision.</param>
/// <param name="GammaS">γ_s, [1], in double precision.</param>
/// <param name="LevelT">α_t and σ_t.</param>
/// <param name="LevelS">α_s and σ_s.</param>
/// <param name="E">e = expm1(γ_s − γ_t).</param>
/// <param name="Shift">(γ_t − γ_s) σ_t².</param>
/// <param name="Weight">w = σ_Q²/σ_P².</param>
internal readonly record struct ProcessStep(
    Tensor GammaT, Tensor GammaS, NoiseLevel LevelT, NoiseLevel LevelS, Tensor E, Tensor Shift, double Weight)
{
    public static ProcessStep Between(NoiseSchedule schedule, double t, double s, Tensor like, double weight = 1)
    {
        var (gammaT, gammaS) = (schedule.GammaAt(t, like.device), schedule.GammaAt(s, like.device));
        var (levelT, levelS) = (NoiseLevel.At(gammaT, like.dtype), NoiseLevel.At(gammaS, like.dtype));
        var difference = (gammaS - gammaT).reshape(1, 1, 1, 1);
        return new(gammaT, gammaS, levelT, levelS, expm1(difference).to(like.dtype), -difference.to(like.dtype) * levelT.SigmaSquared, weight);
    }

    /// <summary>expm1((γ_s − γ_t)/2) = (σ_s α_t)/(σ_t α_s) − 1.</summary>
    public Tensor HalfE => expm1(0.5 * (GammaS - GammaT)).to(E.dtype).reshape(1, 1, 1, 1);

    /// <summary>
    /// What a linear change of f over the step counts for: r ∫_{γ_s}^{γ_t} e^{r(γ_s−γ)} (γ_t − γ)/(γ_t − γ_s) dγ = 1 + expm1(−κ)/κ, κ = r (γ_t −
    /// γ_s).
    /// </summary>
    /// <param name="rate">r.</param>
    public Tensor WeightOfChange(double rate)
    {
        var kappa = (rate * (GammaT - GammaS)).clamp_min(1e-300); // a schedule may stand still; the weight is then 0
        return (1 + expm1(-kappa) / kappa).to(E.dtype).reshape(1, 1, 1, 1);
    }
}
