namespace Microsoft.ML.DiffEnc;

/// <summary>How probable a classifier takes each class to be before it has seen the image.</summary>
public enum ClassPriors
{
    /// <summary>All alike.</summary>
    Uniform,

    /// <summary>
    /// As frequent as in the data that it is fitted on, one image of each class added (Laplace's rule), so that no class is impossible.
    /// </summary>
    FromData,
}
