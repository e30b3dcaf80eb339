using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// The treatment of <see cref="FeatureNormalization.Rectified"/>. A mean over a cell keeps little of an activation whose signs alternate; means of
/// its positive and of its negative part keep how much of each there is, wherever in the cell it is. That is what local descriptors of pictures do
/// with gradients, whose directions stand where here the channels and signs do.
/// </summary>
internal static class RectifiedFeatures
{
    /// <summary>In standard deviations: activations that are less far from their mean are background.</summary>
    public const double DeadZone = 0.5;

    /// <summary>
    /// What features are multiplied with once their mean over pictures is subtracted. Stock trainers weigh the fit against the size of the weights,
    /// which larger features need less of; and SDCA takes no large ones. At this factor the features of MNIST have a root mean square of 0.26 to
    /// 0.3, by the block, which serves L-BFGS well and SDCA still (docs/studies/representations.md).
    /// </summary>
    public const float CentredScale = 0.6f;

    // Where a channel is the same everywhere, or a picture has no features at all, they are zero and not rounding errors blown up.
    private const double LeastVariance = 1e-4, Tiny = 1e-12;

    /// <summary>
    /// The parts of each standardised channel above and below the dead zone, all of the former before all of the latter. A variance counts as no
    /// less than 10⁻⁴ of the mean variance of the picture's channels.
    /// </summary>
    /// <param name="activation">[B, C, h, w].</param>
    /// <returns>[B, 2C, h, w], nowhere negative.</returns>
    public static Tensor Rectify(Tensor activation)
    {
        var centred = activation - activation.mean([2, 3], keepdim: true);
        var variance = centred.square().mean([2, 3], keepdim: true); // [B, C, 1, 1]
        var standard = centred / (variance + LeastVariance * variance.mean([1], keepdim: true) + Tiny).sqrt();
        return cat([(standard - DeadZone).relu(), (-standard - DeadZone).relu()], 1);
    }

    /// <summary>
    /// Pools over windows as wide and high as two cells, in the middle of which the cell is: half-cells first, then four by four of them. At the
    /// border the part outside the picture does not count.
    /// </summary>
    /// <param name="values">[B, F, h, w].</param>
    /// <param name="grid">g, cells per side.</param>
    /// <param name="largest">Whether the largest value of a window is taken, or the mean.</param>
    /// <returns>[B, F, g, g].</returns>
    public static Tensor Pool(Tensor values, long grid, bool largest)
    {
        long[] halves = [2 * grid, 2 * grid], window = [4, 4], step = [2, 2], border = [1, 1];
        return largest
            ? nn.functional.max_pool2d(nn.functional.adaptive_max_pool2d(values, halves), window, step, border)
            : nn.functional.avg_pool2d(nn.functional.adaptive_avg_pool2d(values, halves), window, step, border, count_include_pad: false);
    }

    /// <summary>All features of a picture over their root mean square.</summary>
    /// <param name="features">[B, F, g, g].</param>
    public static Tensor Scale(Tensor features)
        => features / (features.square().mean([1, 2, 3], keepdim: true) + Tiny).sqrt();
}
