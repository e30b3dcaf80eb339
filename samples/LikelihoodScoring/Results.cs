using LikelihoodScoring.Baselines;
using Microsoft.ML.DiffEnc;

namespace LikelihoodScoring;

/// <summary>Every figure of a run; written as JSON with <c>--json</c>. Losses are in bits per dimension.</summary>
internal sealed record Results
{
    public required Settings Settings { get; init; }
    public required string Pictures { get; init; }

    /// <summary>Files of the data that could not be decoded as pictures and were not used.</summary>
    public required IReadOnlyList<string> LeftOut { get; init; }

    /// <summary>Width × height × channels.</summary>
    public required string Size { get; init; }

    public required IReadOnlyList<EncoderRun> Encoders { get; init; }
    public required IReadOnlyList<OddKind> OddKinds { get; init; }
    public required BaselineFigures Baselines { get; init; }

    /// <summary>The largest difference between a score of the model and of the same model saved and loaded again.</summary>
    public required double LargestDifferenceAfterLoading { get; init; }

    public required double TotalSeconds { get; init; }
}

/// <summary>One trained model: its held-out losses, how well it finds the odd ones, and its training.</summary>
internal sealed record EncoderRun
{
    public required EncoderKind Encoder { get; init; }
    public required GenerativeMetrics HeldOut { get; init; }

    /// <summary>Null where there are no odd ones.</summary>
    public required GenerativeMetrics? Odd { get; init; }

    /// <summary>Of the score, all odd ones together; null where there are none.</summary>
    public required double? AreaUnderRocCurve { get; init; }

    /// <summary>Null for encoders without a network.</summary>
    public EncoderNorms? Norms { get; init; }

    public required double TrainingSeconds { get; init; }
    public required IReadOnlyList<TrainingProgress> Training { get; init; }
}

/// <summary>How one kind of odd ones scores.</summary>
internal sealed record OddKind(string Kind, int Rows, double BitsPerDimension, double AreaUnderRocCurve);
