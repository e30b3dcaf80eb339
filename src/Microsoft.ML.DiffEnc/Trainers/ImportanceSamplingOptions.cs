namespace Microsoft.ML.DiffEnc;

/// <summary>How the density of importance-sampled times is chosen.</summary>
public sealed class ImportanceSamplingOptions
{
    /// <summary>The most images on which the losses are measured, at least 1; chosen at random where there are more. Default 64.</summary>
    public int CalibrationImages = 64;

    /// <summary>
    /// Bins of equal width on which the density is constant, 2..256. An image takes two evaluations of the network in each. Default 32.
    /// </summary>
    public int Bins = 32;

    /// <summary>
    /// The share of the uniform density that is mixed in, 0.001..1: no loss is weighted by more than its reciprocal, however little the
    /// calibration saw of its time. 1 gives uniform times. Default 0.1.
    /// </summary>
    public double Floor = 0.1;

    /// <summary>Seed of the choice of images and of their draws. Default: the model's scoring seed.</summary>
    public int? Seed;

    /// <summary>Told after each pass of the network. Default: nobody.</summary>
    public IProgress<CalibrationProgress>? Progress;

    /// <summary>Stops between two passes of the network with an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken;

    internal ImportanceSamplingOptions Copy() => (ImportanceSamplingOptions)MemberwiseClone();
}
