namespace Microsoft.ML.DiffEnc.Studies.Depth;

/// <summary>The figures of a study; all losses are the diffusion loss on held-out images in bits per dimension.</summary>
/// <param name="Settings">What was asked for.</param>
/// <param name="Continuous">L∞.</param>
/// <param name="Rows">L_T.</param>
internal sealed record DepthResults(DepthSettings Settings, Mean Continuous, IReadOnlyList<DepthRow> Rows);

/// <summary>One way of choosing times and variances of T steps.</summary>
/// <param name="Depth">T.</param>
/// <param name="Grid">How the times were chosen: uniform, optimized (dynamic programming) or gradient.</param>
/// <param name="Variance">posterior or optimal.</param>
/// <param name="Loss">L_T.</param>
/// <param name="Difference">To uniform times with the posterior variance, image by image at the same draws.</param>
/// <param name="CalibrationLoss">L_T on the images that times and variances were chosen by; by the costs that they were chosen by.</param>
/// <param name="Times">The grid.</param>
internal sealed record DepthRow(int Depth, string Grid, string Variance, Mean Loss, Mean Difference, double CalibrationLoss, TimeGrid Times);

/// <summary>A mean over images and its standard error.</summary>
internal readonly record struct Mean(double Value, double Error)
{
    public static Mean Of(IReadOnlyCollection<double> values)
    {
        double mean = values.Average();
        return new(mean, Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / Math.Max(1, values.Count - 1) / values.Count));
    }
}
