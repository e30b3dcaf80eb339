using System.Text.Json.Serialization;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>What was learned of normal images; what a score does not ask for is <see langword="null"/>.</summary>
/// <param name="Losses">The density of the logarithms of their profiles of losses.</param>
/// <param name="Spread">How their distances from that density's mean and from the nearest features spread.</param>
/// <param name="TypicalBits">Their mean bits per dimension.</param>
internal sealed record AnomalyNorm(ShrunkGaussian? Losses = null, AnomalyNorm.Spreads? Spread = null, double? TypicalBits = null)
{
    /// <summary>Their features. Megabytes: an entry of its own in the model file.</summary>
    [JsonIgnore]
    public NearestNeighbours? Features { get; init; }

    /// <summary>The score of an image from what was measured of it.</summary>
    public double Score(AnomalyScore score, AnomalyMeasures of) => score switch
    {
        AnomalyScore.Profile => Features!.Distance(of.Features) / Spread!.Features
            + Math.Max(0, (Losses!.Distance(of.Losses) - Spread.MeanOfLosses) / Spread.Losses - Spread.Usual),
        AnomalyScore.LossDensity => Losses!.NegativeLogDensity(of.Losses),
        AnomalyScore.Neighbours => Features!.Distance(of.Features),
        AnomalyScore.Typicality => Math.Abs(of.Bits - TypicalBits!.Value),
        _ => of.Bits,
    };

    /// <summary>Why the norm does not serve the score; <see langword="null"/>: it does.</summary>
    public string? Problem(AnomalyScore score, int lossesSize)
    {
        if (AnomalyMeasures.NeedsLosses(score)
            && (Losses is null || Losses.Mean.Length != lossesSize || Losses.Scale.Length != lossesSize || Losses.Whitening.Length != lossesSize * lossesSize))
            return $"lack the density of {lossesSize} profile values";
        if (score == AnomalyScore.Profile && (Spread is not { Losses: > 0, Features: > 0, Usual: >= 0 } || !double.IsFinite(Spread.MeanOfLosses)))
            return "lack the spreads of the two distances, or have one that is not above 0";
        return score == AnomalyScore.Typicality && TypicalBits is null ? "lack the mean bits per dimension" : null;
    }

    /// <summary>How the distances of normal images spread.</summary>
    /// <param name="MeanOfLosses">The mean of <see cref="ShrunkGaussian.Distance"/>.</param>
    /// <param name="Losses">Its standard deviation.</param>
    /// <param name="Features">The standard deviation of <see cref="NearestNeighbours.Distance"/>.</param>
    /// <param name="Usual">
    /// From how many standard deviations above the mean the losses count: as far as many a normal image's, they tell nothing, and would drown what
    /// the features tell. The first detectors' files do not say it; it was 1.
    /// </param>
    public sealed record Spreads(double MeanOfLosses, double Losses, double Features, double Usual = 1);
}
