using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>What was learned of normal images; what a score does not ask for is <see langword="null"/>.</summary>
/// <param name="Losses">The density of the logarithms of their profiles of losses.</param>
/// <param name="Usual">How far they are from that density's mean and from the nearest features.</param>
/// <param name="TypicalBits">Their mean bits per dimension.</param>
internal sealed record AnomalyNorm(ShrunkGaussian? Losses = null, UsualDistances? Usual = null, double? TypicalBits = null)
{
    /// <summary>Their features. Megabytes: an entry of its own in the model file.</summary>
    [JsonIgnore]
    public NearestNeighbours? Features { get; init; }

    /// <summary>What the first versions knew in place of <see cref="Usual"/>. It is read, to be named, and never written.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Spread { get; init; }

    /// <summary>The score of an image from what was measured of it.</summary>
    public double Score(AnomalyScore score, AnomalyMeasures of)
        => Score(score, of, AnomalyMeasures.NeedsFeatures(score) ? Features!.Distance(of.Features) : double.NaN);

    /// <summary>
    /// The same of an image that calibrates: should the features be known, because the model was trained on it, it is not its own neighbour.
    /// </summary>
    public double ScoreAmongOthers(AnomalyScore score, AnomalyMeasures of)
        => Score(score, of, AnomalyMeasures.NeedsFeatures(score) ? Features!.DistanceToOthers(of.Features) : double.NaN);

    private double Score(AnomalyScore score, AnomalyMeasures of, double distance) => score switch
    {
        AnomalyScore.Profile => Usual!.Unusual(of.Losses, Losses!.Distance(of.Losses), distance),
        AnomalyScore.LossDensity => Losses!.NegativeLogDensity(of.Losses),
        AnomalyScore.Neighbours => distance,
        AnomalyScore.Typicality => Math.Abs(of.Bits - TypicalBits!.Value),
        _ => of.Bits,
    };

    /// <summary>Why the norm does not serve the score; <see langword="null"/>: it does.</summary>
    public string? Problem(AnomalyScore score, int lossesSize)
    {
        if (AnomalyMeasures.NeedsLosses(score)
            && (Losses is null || Losses.Mean.Length != lossesSize || Losses.Scale.Length != lossesSize || Losses.Whitening.Length != lossesSize * lossesSize))
            return $"lack the density of {lossesSize} profile values";
        if (score == AnomalyScore.Profile && Usual?.Fits(lossesSize) != true)
            return Spread is null
                ? "lack what normal images' distances usually are, or have no numbers for it"
                : "are those of an earlier version, whose score Profile was another; fit the detector again";
        return score == AnomalyScore.Typicality && TypicalBits is null ? "lack the mean bits per dimension" : null;
    }
}
