namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>What a model measures of one image for its anomaly score; what the score does not ask for is empty or no number.</summary>
/// <param name="Bits">Bits per dimension; for <see cref="AnomalyScore.ComplexityCorrected"/>, less those of a PNG.</param>
/// <param name="Losses">The logarithms of its profile of losses.</param>
/// <param name="Features">An inner activation of the denoiser, pooled.</param>
internal sealed record AnomalyMeasures(double Bits, double[] Losses, float[] Features)
{
    public static bool NeedsLosses(AnomalyScore score) => score is AnomalyScore.Profile or AnomalyScore.LossDensity;

    public static bool NeedsFeatures(AnomalyScore score) => score is AnomalyScore.Profile or AnomalyScore.Neighbours;

    public static bool NeedsBits(AnomalyScore score) => !NeedsLosses(score) && !NeedsFeatures(score);

    /// <summary>Whether something is fitted to normal images before the score is calibrated on others.</summary>
    public static bool IsFitted(AnomalyScore score) => NeedsLosses(score) || NeedsFeatures(score) || score == AnomalyScore.Typicality;
}
