namespace Microsoft.ML.DiffEnc;

/// <summary>How <see cref="DiffEncTransformer.Generate"/> makes images.</summary>
public sealed class GenerationOptions
{
    /// <summary>The number of denoising steps, at least 1. Default: 250. More steps give better images, in proportionally more time.</summary>
    public int Steps = 250;

    /// <summary>How a step goes from one noise level to the next. Default: <see cref="SamplerKind.Ancestral"/>.</summary>
    public SamplerKind Sampler;

    /// <summary>The seed: the same seed gives the same images. Default: null, for the <see cref="MLContext"/>'s, or a new one each time where it has none.</summary>
    public int? Seed;

    /// <summary>The class to generate, counted from 0, for a model that was trained with a label column. Default: null, for none.</summary>
    public int? Class;

    /// <summary>Stops the generation with an <see cref="OperationCanceledException"/>. Default: none.</summary>
    public CancellationToken CancellationToken;
}
