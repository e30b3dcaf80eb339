namespace Microsoft.ML.DiffEnc.Diffusion.Ode;

/// <summary>What the probability-flow ODE says of one image; losses in bits per dimension.</summary>
/// <param name="BitsPerDimension">The bound on −log₂ P(x)/d for the integer pixels x: the sum of the two parts.</param>
/// <param name="DensityLoss">E_q[−log₂ p_ODE(z_0)]/d. A density's: it may be negative.</param>
/// <param name="DequantizationLoss">E_q[log₂ q(z_0 | x) − log₂ p(x | z_0)]/d: what it takes to go from the density of z_0 to the probability of
/// x.</param>
/// <param name="StandardError">Of <paramref name="BitsPerDimension"/> over the independent draws, each with its own probes; NaN with a single
/// draw.</param>
/// <param name="Evaluations">Of the network, in the mean over the draws; each comes with a backward pass for every probe.</param>
internal readonly record struct OdeLikelihood(
    float BitsPerDimension, float DensityLoss, float DequantizationLoss, float StandardError, float Evaluations);
