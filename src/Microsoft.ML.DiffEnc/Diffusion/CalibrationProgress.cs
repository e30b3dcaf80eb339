namespace Microsoft.ML.DiffEnc;

/// <summary>How far the estimates of <see cref="FiniteDepthOptions"/> are.</summary>
/// <param name="Images">Images done.</param>
/// <param name="Total">Images in all.</param>
public sealed record CalibrationProgress(int Images, int Total);
