namespace Microsoft.ML.DiffEnc;

/// <summary>How images are generated from a model.</summary>
public sealed class GenerationOptions
{
    private const int DefaultSteps = 250;
    private int? _steps;

    /// <summary>
    /// T, the number of steps, 1..100000. More steps follow the process more closely. A step evaluates the network once or, with
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
    /// Draws the pixel values from the decoder p(x | z_0), categorical over 0..255 in each dimension, instead of taking the most probable ones.
    /// Default false.
    /// </summary>
    public bool SamplePixels;

    /// <summary>The seed of the noise; the same seed gives the same images on the same device. <see langword="null"/> (default): the model's scoring
    /// seed.</summary>
    public int? Seed;

    /// <summary>
    /// The class to make images of, as the key value 1..<see cref="DiffEncModel.Classes"/> (what <c>MapValueToKey</c> gave it: the first is 1), of
    /// a model trained with labels. <see langword="null"/> (default), and no <see cref="ClassName"/>: whatever class.
    /// </summary>
    public int? Class;

    /// <summary>
    /// The same by name, one of <see cref="DiffEncTransformer.ClassNames"/>, instead of <see cref="Class"/>. Default <see langword="null"/>.
    /// </summary>
    public string? ClassName;

    /// <summary>
    /// g, how much more than its share the class counts (classifier-free guidance): x̂_c + g (x̂_c − x̂_∅) takes the place of x̂_c. At least 0, and
    /// above 0 only with a class; then every evaluation of the network is two. More guidance makes images more typical of the class and less
    /// varied. Default 0: none.
    /// </summary>
    public double Guidance;

    /// <summary>Told after every step. <see langword="null"/> (default): nobody is. Not saved with a pipeline.</summary>
    public IProgress<GenerationProgress>? Progress;

    /// <summary>Stops between two steps with an <see cref="OperationCanceledException"/>. Not saved with a pipeline.</summary>
    public CancellationToken CancellationToken;

    /// <summary>The number of steps where one was set: what a saved transformer keeps.</summary>
    internal int? StepsAsSet
    {
        get => _steps;
        init => _steps = value;
    }

    /// <summary>
    /// The steps to take, for a model whose bound is in the steps of <paramref name="own"/>; <see langword="null"/>: in continuous time.
    /// </summary>
    internal TimeGrid GridFor(TimeGrid? own)
        => own is not null && Sampler == SamplerKind.Ancestral && (_steps ?? own.Depth) == own.Depth ? own : TimeGrid.Uniform(Steps);

    /// <summary>A copy with the class by number.</summary>
    internal GenerationOptions With(int? @class)
    {
        var copy = (GenerationOptions)MemberwiseClone();
        (copy.Class, copy.ClassName) = (@class, null);
        return copy;
    }
}
