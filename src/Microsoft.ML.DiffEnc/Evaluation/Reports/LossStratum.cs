namespace Microsoft.ML.DiffEnc;

/// <summary>The diffusion loss between two times, averaged over the images, in bits per dimension.</summary>
/// <remarks>The mean of the losses at the times that fall between them, each weighted by 1/p(t). NaN where none does.</remarks>
/// <param name="Start">Where the stratum begins, in [0, 1].</param>
/// <param name="End">Where it ends.</param>
/// <param name="GammaStart">γ = −log SNR at <paramref name="Start"/>.</param>
/// <param name="GammaEnd">γ at <paramref name="End"/>.</param>
/// <param name="LossPerTime">Per unit of t: the strata's losses times their widths add up to the diffusion loss.</param>
/// <param name="LossPerTimeStandardError">From the spread over images and draws. NaN with times of fewer than two images.</param>
/// <param name="Evaluations">The losses that were averaged.</param>
public sealed record LossStratum(
    double Start, double End, double GammaStart, double GammaEnd, double LossPerTime, double LossPerTimeStandardError, long Evaluations)
{
    /// <summary>The loss per unit of γ, which does not depend on the noise schedule but through its end points.</summary>
    public double LossPerGamma => LossPerTime * TimePerGamma;

    /// <summary>The standard error of <see cref="LossPerGamma"/>.</summary>
    public double LossPerGammaStandardError => LossPerTimeStandardError * TimePerGamma;

    private double TimePerGamma => (End - Start) / (GammaEnd - GammaStart);
}
