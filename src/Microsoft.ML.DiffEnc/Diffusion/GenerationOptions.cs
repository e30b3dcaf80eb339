namespace Microsoft.ML.DiffEnc;

/// <summary>How images are generated from a model.</summary>
public sealed class GenerationOptions
{
    /// <summary>
    /// T, the number of steps, at least 1. More steps follow the process more closely. A step evaluates the network once or, with
    /// <see cref="SamplerKind.Sde"/> and <see cref="SamplerKind.Ode"/>, twice. Default 250.
    /// </summary>
    public int Steps = 250;

    /// <summary>The sampler. Default <see cref="SamplerKind.Ancestral"/>.</summary>
    public SamplerKind Sampler;

    /// <summary>
    /// Draws the pixel values from the decoder p(x | z_0), categorical over 0..255 in each dimension, instead of taking the most probable ones. Default false.
    /// </summary>
    public bool SamplePixels;

    /// <summary>The seed of the noise; the same seed gives the same images on the same device. <see langword="null"/> (default): the model's scoring seed.</summary>
    public int? Seed;

    /// <summary>Told after every step. <see langword="null"/> (default): nobody is.</summary>
    public IProgress<GenerationProgress>? Progress;

    /// <summary>Stops between two steps with an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken;

    internal GenerationOptions Copy() => (GenerationOptions)MemberwiseClone();
}
