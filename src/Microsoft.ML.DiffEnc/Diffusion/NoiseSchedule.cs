using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// γ(t) = −log SNR(t), increasing in t from γ(0) to γ(1). Times and γ are in double precision whatever the model's type: they are one
/// number an image, and the time embedding multiplies their rounding by a thousand.
/// </summary>
internal abstract class NoiseSchedule(string name) : nn.Module(name)
{
    /// <param name="t">Times in [0, 1], [B], in double precision.</param>
    /// <returns>γ(t) and γ'(t) = dγ/dt, both [B].</returns>
    public abstract (Tensor Gamma, Tensor Slope) At(Tensor t);

    /// <summary>γ(0) as a number. Where it is trained, its present value: ask again after every step.</summary>
    public abstract double LeastGamma { get; }

    /// <summary>Whether the parameters are trained on the variance of the diffusion loss instead of on the bound: see
    /// <see cref="VarianceGradient"/>.</summary>
    public virtual bool TrainsOnVariance => false;

    /// <summary>γ at one time, [1].</summary>
    public virtual Tensor GammaAt(double t, Device device)
    {
        using var scope = NewDisposeScope();
        return At(full(1, t, dtype: float64, device: device)).Gamma.MoveToOuterDisposeScope();
    }

    public static NoiseSchedule Create(ModelDescription description)
    {
        var (gammaMin, gammaMax) = (description.GammaMin, description.GammaMax);
        return description.NoiseSchedule switch
        {
            NoiseScheduleKind.FixedLinear => new FixedLinearSchedule(gammaMin, gammaMax),
            NoiseScheduleKind.TrainedEndPoints => new TrainedEndPointsSchedule(gammaMin, gammaMax),
            NoiseScheduleKind.Polynomial => new PolynomialSchedule(gammaMin, gammaMax),
            NoiseScheduleKind.Monotone => new MonotoneSchedule(gammaMin, gammaMax),
            var other => throw new ArgumentOutOfRangeException(nameof(description), other, "Unknown noise schedule."),
        };
    }
}

/// <summary>γ(t) = γ_min + (γ_max − γ_min) t.</summary>
internal sealed class FixedLinearSchedule(double gammaMin, double gammaMax) : NoiseSchedule(nameof(FixedLinearSchedule))
{
    public override double LeastGamma => gammaMin;

    public override (Tensor Gamma, Tensor Slope) At(Tensor t) => (gammaMin + (gammaMax - gammaMin) * t, full_like(t, gammaMax - gammaMin));
}
