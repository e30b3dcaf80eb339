namespace Microsoft.ML.DiffEnc;

/// <summary>What is done to the features of a block, before and after pooling.</summary>
public enum FeatureNormalization
{
    /// <summary>Nothing: the pooled activations as they are.</summary>
    None,

    /// <summary>
    /// Each channel is standardised over the picture, and what is more than half a standard deviation above or below its mean becomes two channels,
    /// one for each side: twice as many features. They are pooled in windows that reach half a cell into the neighbouring cells, and the features at
    /// each time are scaled to a root mean square of 1. Then the mean of each feature, which <c>Fit</c> learns from the first 1,000 images that it is
    /// given, is subtracted, and the rest is multiplied with a constant, which suits the regularisation that stock trainers have without being set.
    /// </summary>
    Rectified,
}
