namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>The shape of what a group norm is taken of: [Images, Channels, Pixels], contiguous.</summary>
internal readonly record struct NormShape(int Images, int Channels, int Pixels, int Groups)
{
    public int Elements => Images * Channels * Pixels;

    public int PerImage => Channels * Pixels;

    public int ChannelsPerGroup => Channels / Groups;

    /// <summary>The elements that share a mean and a deviation.</summary>
    public int PerGroup => ChannelsPerGroup * Pixels;

    /// <summary>The pieces that can be computed apart: a group of an image each.</summary>
    public int Pieces => Images * Groups;
}
