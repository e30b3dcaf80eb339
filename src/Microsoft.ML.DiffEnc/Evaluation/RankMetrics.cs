namespace Microsoft.ML.DiffEnc.Evaluation;

/// <summary>How well a score ranks anomalies above normal images. Equal scores count as a threshold would treat them: together.</summary>
internal static class RankMetrics
{
    private const double WantedRecall = 0.95;

    /// <param name="normal">Scores of normal images, at least one.</param>
    /// <param name="anomalous">Scores of anomalies, at least one.</param>
    public static (double AreaUnderRocCurve, double AveragePrecision, double FalsePositiveRateAt95Recall) Of(float[] normal, float[] anomalous)
    {
        float[] descending = [.. normal.Concat(anomalous).Distinct().OrderDescending()];
        var (normals, anomalies) = (Counts(normal), Counts(anomalous));
        double area = 0, precision = 0, falseRate = double.NaN;
        long falsePositives = 0, truePositives = 0;
        foreach (float threshold in descending) // what scores at least this is called an anomaly
        {
            long n = normals.GetValueOrDefault(threshold), a = anomalies.GetValueOrDefault(threshold);
            area += n * (truePositives + 0.5 * a);
            falsePositives += n;
            truePositives += a;
            precision += a * (truePositives / (double)(truePositives + falsePositives));
            if (double.IsNaN(falseRate) && truePositives >= WantedRecall * anomalous.Length)
                falseRate = falsePositives / (double)normal.Length;
        }
        return (area / normal.Length / anomalous.Length, precision / anomalous.Length, falseRate);
    }

    private static Dictionary<float, long> Counts(float[] scores) => scores.GroupBy(s => s).ToDictionary(g => g.Key, g => g.LongCount());
}
