using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// The treatment of <see cref="FeatureNormalization.Cells"/>: what histograms of oriented gradients do to gradients (N. Dalal and B. Triggs, 2005),
/// done to the activations of a network. The activations take the place of the gradients, their signs that of the directions.
/// </summary>
internal static class CellNormalization
{
    /// <summary>Keeps cells in which nothing is from being blown up: this share of a picture's mean squared length is added to each.</summary>
    public const double Floor = 0.1;

    // A picture of which a block makes nothing at all has features of zero.
    private const double Tiny = 1e-12;

    /// <summary>Channels without their mean over the picture, the positive parts before the negative ones: [B, C, h, w] becomes [B, 2C, h, w].</summary>
    public static Tensor Rectified(Tensor activation)
    {
        var centred = activation - activation.mean([2, 3], keepdim: true);
        return cat([centred.relu(), (-centred).relu()], 1);
    }

    /// <summary>
    /// f_cell / √(‖f_cell‖² + floor · mean of ‖f‖² over the cells), then all features of a picture over their root mean square.
    /// </summary>
    /// <param name="cells">[B, F, g, g].</param>
    /// <returns>[B, F, g, g]; the mean square of each picture's is one.</returns>
    public static Tensor Normalized(Tensor cells)
    {
        var energy = cells.square().sum(1, keepdim: true); // [B, 1, g, g]
        var equalised = cells / (energy + Floor * energy.mean([2, 3], keepdim: true) + Tiny).sqrt();
        return equalised / (equalised.square().mean([1, 2, 3], keepdim: true) + Tiny).sqrt();
    }
}
