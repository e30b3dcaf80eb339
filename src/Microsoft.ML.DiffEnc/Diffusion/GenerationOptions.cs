namespace Microsoft.ML.DiffEnc;

/// <summary>How images are generated from a model.</summary>
public sealed class GenerationOptions
{
    /// <summary>T, the number of steps, at least 1. More steps follow the trained process more closely. Default 250.</summary>
    public int Steps = 250;

    /// <summary>The sampler. Default <see cref="SamplerKind.Ancestral"/>.</summary>
    public SamplerKind Sampler;

    /// <summary>The seed of the noise; the same seed gives the same images on the same device. <see langword="null"/> (default): the model's scoring seed.</summary>
    public int? Seed;

    /// <summary>Stops between two steps with an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken;
}
