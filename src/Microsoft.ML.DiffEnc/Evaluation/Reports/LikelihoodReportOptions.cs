namespace Microsoft.ML.DiffEnc;

/// <summary>How a <see cref="LikelihoodReport"/> is made. What is left <see langword="null"/> is as the model scores its columns.</summary>
public sealed class LikelihoodReportOptions
{
    /// <summary>K, independent sets of draws for each image, 1..10000; with 1 there are no errors over draws. Default: the model's.</summary>
    public int? Draws;

    /// <summary>M, low-discrepancy times in a set, 1..256; an image takes K·M evaluations of the network. Default: the model's.</summary>
    public int? TimesPerDraw;

    /// <summary>The seed that, with an image's own pixels, determines its draws. Default: the model's scoring seed.</summary>
    public int? Seed;

    /// <summary>
    /// Strata of equal width into which [0, 1] is cut for the diffusion loss over time, 1..1000. Where they divide M and the times are uniform,
    /// every set covers every stratum equally. Default 32.
    /// </summary>
    public int Strata = 32;

    /// <summary>Told after each image, or after those that share a pass of the network, on the caller's thread. Default: nobody.</summary>
    public IProgress<ScoringProgress>? Progress;

    /// <summary>Stops before the next image with an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken;
}
