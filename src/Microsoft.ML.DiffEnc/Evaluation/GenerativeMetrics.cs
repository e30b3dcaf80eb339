namespace Microsoft.ML.DiffEnc;

/// <summary>How likely a model finds a set of images. Averages over the images; all losses in bits per dimension.</summary>
/// <param name="BitsPerDimension">The mean of the variational bound on -log2 p(x) per value of an image. Lower is better.</param>
/// <param name="StandardError">
/// The standard error of that mean, from the spread over the images (which holds the spread of their draws too). NaN with one image.
/// </param>
/// <param name="ReconstructionLoss">The mean reconstruction loss.</param>
/// <param name="LatentLoss">The mean latent (prior) loss.</param>
/// <param name="DiffusionLoss">The mean diffusion loss.</param>
/// <param name="Rows">The number of images.</param>
public sealed record GenerativeMetrics(
    double BitsPerDimension, double StandardError, double ReconstructionLoss, double LatentLoss, double DiffusionLoss, long Rows);
