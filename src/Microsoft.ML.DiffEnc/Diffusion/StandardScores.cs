using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Coordinates of points in standard deviations from their mean, as what is fitted to few points compares them.</summary>
/// <param name="Mean">The mean of each coordinate, [d].</param>
/// <param name="Scale">The standard deviation of each coordinate, above 0, [d].</param>
/// <param name="Values">The points in these units, [n, d].</param>
internal readonly record struct StandardScores(Tensor Mean, Tensor Scale, Tensor Values)
{
    // A coordinate that never changes (the latent loss of an image-independent encoder, say) must not divide by zero; any change of it is unusual.
    private const double LeastScale = 1e-6;

    /// <param name="points">n points of d coordinates each, row by row.</param>
    /// <param name="count">n.</param>
    public static StandardScores Of(ReadOnlySpan<double> points, int count)
    {
        var x = tensor(points.ToArray(), [count, points.Length / count]);
        var mean = x.mean([0L]);
        var scale = (x - mean).square().mean([0L]).sqrt().clamp_min(LeastScale);
        return new(mean, scale, (x - mean) / scale);
    }
}
