namespace Microsoft.ML.DiffEnc;

/// <summary>How far a calibration is: see <see cref="FiniteDepthOptions"/>, <see cref="ImportanceSamplingOptions"/> and
/// <see cref="AnomalyOptions"/>.</summary>
/// <param name="Images">Images done.</param>
/// <param name="Total">Images in all.</param>
public sealed record CalibrationProgress(int Images, int Total);
