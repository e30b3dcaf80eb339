using Microsoft.ML.DiffEnc;

namespace AnomalyDetection.Methods;

/// <summary>How well one way of scoring tells odd pictures from normal ones.</summary>
/// <param name="Name">Of the score.</param>
/// <param name="All">All odd ones together.</param>
/// <param name="Kinds">Kind by kind.</param>
internal sealed record MethodResult(string Name, AnomalyMetrics All, IReadOnlyList<KindResult> Kinds);

/// <summary>One kind of odd pictures against the normal ones.</summary>
/// <param name="Kind">Its name.</param>
/// <param name="Metrics">How well it is found.</param>
internal sealed record KindResult(string Kind, AnomalyMetrics Metrics);

/// <summary>How many of some pictures have p-values up to each of some bounds.</summary>
/// <param name="Pictures">Which.</param>
/// <param name="Shares">For each bound, the share of them with a p-value of at most that.</param>
internal sealed record PValueShares(string Pictures, IReadOnlyList<double> Shares)
{
    /// <summary>The bounds.</summary>
    public static IReadOnlyList<double> Bounds { get; } = [0.01, 0.05, 0.1, 0.2, 0.5];

    public static PValueShares Of(string pictures, IReadOnlyCollection<ScoredPicture> scored) =>
        new(pictures, [.. Bounds.Select(bound => scored.Count(row => row.PValue <= bound) / (double)scored.Count)]);
}

/// <summary>What a threshold does.</summary>
/// <param name="Rate">P-values up to it are above the threshold.</param>
/// <param name="Threshold">Pictures with a score above it are called anomalies.</param>
/// <param name="NormalCalled">Normal ones among them.</param>
/// <param name="Normal">All normal ones.</param>
/// <param name="OddFound">Odd ones among them.</param>
/// <param name="Odd">All odd ones.</param>
internal sealed record ThresholdResult(double Rate, double Threshold, int NormalCalled, int Normal, int OddFound, int Odd)
{
    public static ThresholdResult Of(double rate, float threshold, IReadOnlyCollection<ScoredPicture> scored)
    {
        int Called(bool odd) => scored.Count(row => row.Label > 0 == odd && row.Score > threshold);
        int odds = scored.Count(row => row.Label > 0);
        return new(rate, threshold, Called(false), scored.Count - odds, Called(true), odds);
    }
}

/// <summary>Of ML.NET's own evaluation: the area, and the share of odd ones that are found with so many false positives.</summary>
internal sealed record StockFigures(double AreaUnderRocCurve, double DetectionRate, int FalsePositives);

/// <summary>Every figure of a run; written as JSON with <c>--json</c>.</summary>
internal sealed record Results
{
    public required DetectionSettings Settings { get; init; }
    public required string Pictures { get; init; }
    public required IReadOnlyList<MethodResult> Methods { get; init; }

    /// <summary>What ML.NET's own evaluation says of the default score.</summary>
    public required StockFigures Stock { get; init; }

    /// <summary>The detector's own threshold, then the changed one.</summary>
    public required IReadOnlyList<ThresholdResult> Thresholds { get; init; }

    public required IReadOnlyList<PValueShares> PValues { get; init; }

    /// <summary>The largest difference between a score of the detector and of the same detector saved and loaded again.</summary>
    public required double LargestDifferenceAfterLoading { get; init; }

    public required double TotalSeconds { get; init; }
}
