namespace Microsoft.ML.DiffEnc;

/// <summary>What scoring says of one image; all in bits per dimension.</summary>
/// <param name="BitsPerDimension">The bound on −log₂ p(x)/d: the sum of the three parts.</param>
/// <param name="ReconstructionLoss">L0.</param>
/// <param name="LatentLoss">L1.</param>
/// <param name="DiffusionLoss">L∞ or, at finite depth, L_T.</param>
/// <param name="StandardError">Of <paramref name="BitsPerDimension"/> over the independent draws; NaN with a single draw.</param>
public readonly record struct Likelihood(
    float BitsPerDimension, float ReconstructionLoss, float LatentLoss, float DiffusionLoss, float StandardError);
