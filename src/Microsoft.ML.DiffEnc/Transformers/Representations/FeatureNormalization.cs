namespace Microsoft.ML.DiffEnc;

/// <summary>What is done to the pooled features of a block before they are a column.</summary>
public enum FeatureNormalization
{
    /// <summary>Nothing: the pooled activations as they are.</summary>
    None,

    /// <summary>
    /// Before pooling, each channel loses its mean over the picture and is split into its positive and its negative part, so twice as many features.
    /// After it, the features of each cell are divided by their Euclidean length, so that a faint stroke counts as much as a strong one, and the
    /// features at each time are scaled to mean square one, which suits the regularisation that stock trainers have without being set.
    /// </summary>
    Cells,
}
