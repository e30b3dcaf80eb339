namespace Microsoft.ML.DiffEnc;

/// <summary>Which representations are tried, and on which labels.</summary>
public sealed class RepresentationSearchOptions
{
    /// <summary>The column of labels, a key (<c>MapValueToKey</c> makes one), in both sets. Default <c>Label</c>.</summary>
    public string LabelColumnName = "Label";

    /// <summary>The kinds that are tried. Default: features of the denoiser.</summary>
    public RepresentationKind[] Kinds = [RepresentationKind.DenoiserFeatures];

    /// <summary>The times that are tried, each alone, in [0, 1]. Default 0.1, 0.3, 0.5 and 0.7.</summary>
    public float[] Times = [0.1f, 0.3f, 0.5f, 0.7f];

    /// <summary>The blocks that are tried, of kinds that are taken of one. <see langword="null"/> (default): all of the network.</summary>
    public string[]? Blocks;

    /// <summary>The cells per side that are tried; <see langword="null"/> (default): only what <see cref="RepresentationOptions.PoolingGrid"/> is
    /// without being set.</summary>
    public int[]? PoolingGrids;

    /// <summary>The treatments of the features that are tried; <see langword="null"/> (default): only what
    /// <see cref="RepresentationOptions.Normalization"/> is without being set. Kinds that are not taken of a block have none.</summary>
    public FeatureNormalization[]? Normalizations;

    /// <summary>As in <see cref="RepresentationOptions.Draws"/>.</summary>
    public int? Draws;

    /// <summary>Told after every trial, as soon as it is known.</summary>
    public IProgress<RepresentationTrial>? Progress;

    /// <summary>Stops between two trials with an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken;
}

/// <summary>One representation, and what a linear classifier reaches on it.</summary>
/// <param name="Options">The representation, as <see cref="GenerativeCatalog.Representations"/> takes it.</param>
/// <param name="Accuracy">Share of the validation set that is classified correctly.</param>
/// <param name="StandardError">Of the accuracy, √(a (1 − a)/n) with n validation images.</param>
public sealed record RepresentationTrial(RepresentationOptions Options, double Accuracy, double StandardError);
