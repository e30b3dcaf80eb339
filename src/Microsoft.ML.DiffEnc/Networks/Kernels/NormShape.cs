namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>The shape of what a group norm is taken of: [Images, Channels, Pixels], contiguous.</summary>
internal readonly record struct NormShape(int Images, int Channels, int Pixels, int Groups)
{
    public int PerImage => Channels * Pixels;

    public int ChannelsPerGroup => Channels / Groups;

    /// <summary>The elements that share a mean and a deviation.</summary>
    public int PerGroup => ChannelsPerGroup * Pixels;

    /// <summary>Where a channel of an image begins: a batch may have more elements than an <see cref="int"/> counts.</summary>
    public nint Offset(int image, int channel) => ((nint)image * Channels + channel) * Pixels;

    /// <summary>The pieces that can be computed apart: a group of an image each.</summary>
    public int Pieces => Images * Groups;
}
