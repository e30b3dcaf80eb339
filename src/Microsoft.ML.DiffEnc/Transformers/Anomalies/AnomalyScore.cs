namespace Microsoft.ML.DiffEnc;

/// <summary>By what images are told apart from normal ones. All rise as an image gets less normal.</summary>
public enum AnomalyScore
{
    /// <summary>
    /// −log of a density of the profile, in nats: a normal distribution, fitted to normal images, of the logarithms of reconstruction loss, latent
    /// loss, the diffusion loss at each of
    /// some times, and ‖x_t − x‖. It finds what is unusual in any of them, also where an image is unusually likely.
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
}
