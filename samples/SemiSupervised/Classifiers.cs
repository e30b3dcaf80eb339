using Microsoft.ML;

namespace SemiSupervised;

/// <summary>ML.NET's linear classifiers, as they are without being tuned.</summary>
internal static class Classifiers
{
    /// <summary>By name, what learns <c>Label</c> from <c>Features</c>. SDCA on one thread, so that the same seed gives the same figures, and with 100
    /// passes at most.</summary>
    public static IReadOnlyList<(string Name, IEstimator<ITransformer> Trainer)> Of(MLContext ml)
    {
        var trainers = ml.MulticlassClassification.Trainers;
        return
        [
            ("L-BFGS", trainers.LbfgsMaximumEntropy()),
            ("L-BFGS, standardised", ml.Transforms.NormalizeMeanVariance("Features").Append(trainers.LbfgsMaximumEntropy())),
            ("SDCA", trainers.SdcaMaximumEntropy(new() { NumberOfThreads = 1, MaximumNumberOfIterations = 100 }))
        ];
    }
}
