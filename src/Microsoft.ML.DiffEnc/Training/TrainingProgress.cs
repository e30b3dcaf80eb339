namespace Microsoft.ML.DiffEnc;

/// <summary>Where a training stands. Losses are means over the steps since the previous report, in bits per dimension, with dropout on.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="BitsPerDimension">The bound: the sum of its three parts.</param>
/// <param name="ReconstructionLoss">L0.</param>
/// <param name="LatentLoss">L1.</param>
/// <param name="DiffusionLoss">L∞ or, at finite depth, L_T.</param>
/// <param name="ValidationBitsPerDimension">The bound of the validation set under the averaged weights, when it was just evaluated; else
/// <see langword="null"/>.</param>
/// <param name="StepsPerSecond">Since the previous report.</param>
/// <param name="ImagesPerSecond">Since the previous report.</param>
/// <param name="Elapsed">Since this run began.</param>
/// <param name="Remaining">At the pace so far.</param>
public sealed record TrainingProgress(
    int Step,
    int Steps,
    double BitsPerDimension,
    double ReconstructionLoss,
    double LatentLoss,
    double DiffusionLoss,
    double? ValidationBitsPerDimension,
    double StepsPerSecond,
    double ImagesPerSecond,
    TimeSpan Elapsed,
    TimeSpan Remaining);
