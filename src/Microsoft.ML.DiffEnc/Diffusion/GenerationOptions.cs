namespace Microsoft.ML.DiffEnc;

/// <summary>How images are generated from a model.</summary>
public sealed class GenerationOptions
{
    private const int DefaultSteps = 250;
    private int? _steps;

    /// <summary>
    /// T, the number of steps, at least 1. More steps follow the process more closely. A step evaluates the network once or, with
    /// <see cref="SamplerKind.Sde"/> and <see cref="SamplerKind.Ode"/>, twice. Default 250; with
    /// <see cref="SamplerKind.Ancestral"/> and a model of finite depth, that depth.
    /// </summary>
    /// <remarks>
    /// Ancestral sampling in as many steps as a transformer's <see cref="DiffEncTransformer.Grid"/> has uses that grid, its times and its variances.
    /// Any other number of steps, and the other samplers, are uniform in t and use the posterior's variance.
    /// </remarks>
    public int Steps
    {
        get => _steps ?? DefaultSteps;
        set => _steps = value;
    }

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

    /// <summary>
    /// The steps to take, for a model whose bound is in the steps of <paramref name="own"/>; <see langword="null"/>: in continuous time.
    /// </summary>
    internal TimeGrid GridFor(TimeGrid? own)
        => own is not null && Sampler == SamplerKind.Ancestral && (_steps ?? own.Depth) == own.Depth ? own : TimeGrid.Uniform(Steps);
}
