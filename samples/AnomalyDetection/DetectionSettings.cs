using LikelihoodScoring;

namespace AnomalyDetection;

/// <summary>What the command line asked for.</summary>
internal sealed record DetectionSettings
{
    /// <summary>Which pictures, and how a model is trained on them.</summary>
    public required Settings Pictures { get; init; }

    /// <summary>A saved model to use; null: one is trained.</summary>
    public string? Model { get; init; }

    /// <summary>The wanted share of normal pictures that are called anomalies.</summary>
    public double FalsePositiveRate { get; init; }
}
