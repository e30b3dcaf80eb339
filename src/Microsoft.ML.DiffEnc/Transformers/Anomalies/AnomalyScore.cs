namespace Microsoft.ML.DiffEnc;

/// <summary>By what images are told apart from normal ones. All rise as an image gets less normal.</summary>
public enum AnomalyScore
{
    /// <summary>
    /// What is unusual in an image's features or in its losses: the distance of <see cref="Neighbours"/>, against the one that normal images with such
    /// losses have, or the distance of <see cref="LossDensity"/> from their mean, whichever is more, in standard deviations over normal images.
    /// </summary>
    Profile,

    /// <summary>The likelihood's own: bits per dimension. It takes simple images for normal, whatever they show.</summary>
    BitsPerDimension,

    /// <summary>
    /// Bits per dimension less those of a lossless compression of the image (Serrà et al., 2020): what the model needs beyond what the image's
    /// complexity asks.
    /// </summary>
    ComplexityCorrected,

    /// <summary>|bits per dimension − their mean over normal images| (Nalisnick et al., 2019): unusually likely images are unusual too.</summary>
    Typicality,

    /// <summary>
    /// −log of a density of the losses, in nats: a normal distribution, fitted to normal images, of the logarithms of reconstruction loss, latent
    /// loss, the diffusion loss at each of some times, and ‖x_t − x‖. It finds what is unusual in any of them, also where an image is unusually
    /// likely; it does not see what an image shows.
    /// </summary>
    LossDensity,

    /// <summary>
    /// The mean distance to the five nearest normal images, those that the model remembers of its training
    /// (<see cref="DiffEncTrainer.Options.RememberedImages"/>) among them, against how far these are from their own nearest: in 64 principal
    /// components of the features of the denoiser's block <c>mid1</c> at t = 0.1, pooled to 7×7 cells. It sees what an image shows, and where.
    /// </summary>
    Neighbours,
}
