using Microsoft.ML.DiffEnc.Transformers;
using static Microsoft.ML.DiffEnc.Trainers.Refusals;

namespace Microsoft.ML.DiffEnc.Trainers;

/// <summary>Refuses what makes no sense at finite depth.</summary>
internal static class FiniteDepthCheck
{
    public const int MostCandidates = 4000;

    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public static void Check(FiniteDepthOptions options)
    {
        InRange(options.Depth, 1, TimeGrid.MostSteps, nameof(options.Depth));
        Defined(options.Grid, nameof(options.Grid));
        Variance(options.Variance, options.VarianceWeight, nameof(options.Variance));
        if (options.Steps is not null && (options.Grid, options.Variance) != (default, default))
            throw Refusal(nameof(options.Steps), "gives times and variances; expected Grid and Variance at their defaults, or no Steps");
        InRange(options.CalibrationImages, 1, int.MaxValue, nameof(options.CalibrationImages));
        InRange(options.CalibrationDraws, 1, int.MaxValue, nameof(options.CalibrationDraws));
        if (options.Grid == TimeGridKind.Optimized)
        {
            InRange(options.Depth, 1, MostCandidates, nameof(options.Depth));
            InRange(options.Candidates, options.Depth, MostCandidates, nameof(options.CandidateTimes));
        }
        if (options.ScoringDraws is { } draws)
            InRange(draws, 1, ScoringSettings.MostDraws, nameof(options.ScoringDraws));
        if (options.ScoringTimesPerDraw is { } times)
            InRange(times, 1, ScoringSettings.MostTimesPerDraw, nameof(options.ScoringTimesPerDraw));
    }

    /// <summary>A weight is given exactly where it is asked for.</summary>
    /// <exception cref="ArgumentException">It is not; the message names the options.</exception>
    public static void Variance(StepVariance variance, double? weight, string name)
    {
        const string Weight = "VarianceWeight";
        Defined(variance, name);
        if (weight is { } w)
            Positive(w, Weight);
        if (variance == StepVariance.Fixed && weight is null)
            throw Refusal(Weight, $"is not set, and {name} is {variance}; expected w = σ_Q²/σ_P², above 0");
        if (variance != StepVariance.Fixed && weight is not null)
            throw Refusal(Weight, $"is set, and {name} is {variance}; set {name} to {StepVariance.Fixed}, or leave the weight null");
    }
}
