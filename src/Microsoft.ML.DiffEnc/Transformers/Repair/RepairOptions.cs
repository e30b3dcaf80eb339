namespace Microsoft.ML.DiffEnc;

/// <summary>How parts of pictures are drawn anew, given the rest.</summary>
public sealed class RepairOptions
{
    /// <summary>
    /// The steps, the seed, the class and the guidance. The sampler has to be <see cref="SamplerKind.Ancestral"/>, the default. Each image is
    /// repaired in <see cref="GenerationOptions.Steps"/> × <see cref="Resamplings"/> evaluations of the denoiser.
    /// </summary>
    public GenerationOptions Generation = new();

    /// <summary>
    /// How often every stretch of steps is done, 1..10000: after each time but the last, noise is added again. Once alone gives parts that do not fit
    /// the rest of the picture. Default 5; Lugmayr et al. (2022) took 10.
    /// </summary>
    public int Resamplings = 5;

    /// <summary>How many steps are repeated together, at least 1. Default 10, as in Lugmayr et al. (2022).</summary>
    public int JumpLength = 10;

    /// <summary>
    /// Where there is a mask: places at least so bright, 1..255, are drawn anew. Default 128: white ones of a black-and-white mask, and of an anomaly
    /// map (<see cref="AnomalyOptions.AnomalyMapColumnName"/>) what at most one in a thousand places of normal images reaches.
    /// </summary>
    public byte MaskThreshold = 128;

    /// <summary>
    /// Where there is no mask: the share of an image's places that are drawn anew, above 0 and below 1, those with the most diffusion loss. Default
    /// 0.1.
    /// </summary>
    public double AnomalousShare = 0.1;
}
