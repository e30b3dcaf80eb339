namespace Microsoft.ML.DiffEnc;

/// <summary>How well a score tells anomalies from normal images, at every threshold and at the detector's own.</summary>
/// <param name="AreaUnderRocCurve">The chance that an anomaly scores above a normal image (ties count half): 1 is perfect, 0.5 chance.</param>
/// <param name="AveragePrecision">The mean, over the anomalies, of the share of anomalies among all images that score as high. Its chance level is
/// the share of anomalies.</param>
/// <param name="FalsePositiveRateAt95Recall">The share of normal images called anomalies by the highest threshold that finds 95 % of the
/// anomalies.</param>
/// <param name="FalsePositiveRate">The share of normal images whose PredictedLabel is true; NaN where there is no such column.</param>
/// <param name="Recall">The share of anomalies whose PredictedLabel is true; NaN where there is no such column.</param>
/// <param name="Normal">The number of normal images.</param>
/// <param name="Anomalies">The number of anomalies.</param>
public sealed record AnomalyMetrics(
    double AreaUnderRocCurve,
    double AveragePrecision,
    double FalsePositiveRateAt95Recall,
    double FalsePositiveRate,
    double Recall,
    long Normal,
    long Anomalies);
