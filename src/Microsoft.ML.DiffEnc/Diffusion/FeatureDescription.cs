namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>All that decides the features of an image, but the model.</summary>
/// <param name="Kind">What is taken.</param>
/// <param name="Times">At which times, in [0, 1].</param>
/// <param name="Block">Of which block; <see langword="null"/> where no block is asked.</param>
/// <param name="Grid">Cells per side that the picture is pooled over; <see langword="null"/>: no pooling.</param>
/// <param name="Pooling">How a cell becomes one number.</param>
/// <param name="Draws">K, the noise draws that are averaged over; 0: no noise, z_t is its mean.</param>
/// <param name="Seed">Decides the noise, with an image's own pixels.</param>
/// <param name="Normalization">What is done to the pooled features. Files written before there was a choice have none.</param>
internal sealed record FeatureDescription(
    RepresentationKind Kind, double[] Times, string? Block, int? Grid, FeaturePooling Pooling, int Draws, int Seed,
    FeatureNormalization Normalization = FeatureNormalization.None)
{
    public const int MostTimes = 64, MostDraws = 1000;

    /// <summary>Whether the features are of z_t, and so depend on noise.</summary>
    public bool SeesNoise => Draws > 0 && (Kind is RepresentationKind.DenoiserFeatures or RepresentationKind.LossProfile);
}
