using System.Globalization;

namespace Microsoft.ML.DiffEnc;

/// <summary>Which representation of images is wanted.</summary>
public sealed class RepresentationOptions
{
    /// <summary>The column that is added, a vector of <c>Single</c>. Default <c>Representation</c>.</summary>
    public string OutputColumnName = "Representation";

    /// <summary>What represents an image. Default <see cref="RepresentationKind.DenoiserFeatures"/>.</summary>
    public RepresentationKind Kind = RepresentationKind.DenoiserFeatures;

    /// <summary>
    /// The times t in [0, 1] at which it is taken, 1 to 64 of them; their features stand one after the other. Early times see the image, late ones
    /// little but noise. Each costs a pass of the network. Default 0.3.
    /// </summary>
    public float[] Times = [0.3f];

    /// <summary>
    /// For <see cref="RepresentationKind.DenoiserFeatures"/> and <see cref="RepresentationKind.EncoderFeatures"/>, the block whose activation is
    /// taken: <c>conv_in</c>, <c>down.0</c> and on, <c>mid1</c>, <c>attention</c>, <c>mid2</c>, <c>up.0</c> and on. Default: <c>mid1</c>.
    /// </summary>
    public string? Block;

    /// <summary>
    /// Cells per side of the grid that the picture is pooled over, at least 1 and at most the activation's height and width: 1 is one number a
    /// channel, 4 are sixteen. Default: 7, or the image's size where that is less, for features of blocks; without pooling for encodings. A loss
    /// profile has none.
    /// </summary>
    public int? PoolingGrid;

    /// <summary>How a cell becomes one number. Default <see cref="FeaturePooling.Mean"/>.</summary>
    public FeaturePooling Pooling;

    /// <summary>
    /// What is done to the features of blocks around the pooling. <see langword="null"/> (default): <see cref="FeatureNormalization.Rectified"/> for
    /// features of blocks, whose mean is learned in <c>Fit</c> from its first 1,000 images; of other kinds nothing can be asked but
    /// <see cref="FeatureNormalization.None"/>, and <c>Fit</c> learns nothing.
    /// </summary>
    public FeatureNormalization? Normalization;

    /// <summary>
    /// K, the number of noise draws that denoiser features and loss profiles are averaged over, up to 1000; each costs a pass of the network at every
    /// time. 0: the denoiser sees the mean of z_t, without noise; a loss profile has no such thing. What sees no noise ignores it.
    /// <see langword="null"/> (default): 0 for denoiser features, 1 for loss profiles.
    /// </summary>
    public int? Draws;

    /// <summary>The seed that, with an image's own pixels, decides its noise. <see langword="null"/> (default): the model's scoring seed.</summary>
    public int? Seed;

    /// <summary>What is represented, where and when: <c>DenoiserFeatures mid1, t = 0.3, Mean over 7×7 cells, Rectified</c>; without what is left to the
    /// defaults.</summary>
    public override string ToString()
    {
        string block = Block is null ? "" : $" {Block}";
        string pooling = PoolingGrid is { } grid ? $", {Pooling} over {grid}×{grid} cells" : "";
        string normalization = Normalization is { } chosen ? $", {chosen}" : "";
        return $"{Kind}{block}, t = {string.Join("; ", Times.Select(t => t.ToString(CultureInfo.InvariantCulture)))}{pooling}{normalization}";
    }

    internal RepresentationOptions Copy()
    {
        var copy = (RepresentationOptions)MemberwiseClone();
        copy.Times = [.. Times ?? []];
        return copy;
    }
}
