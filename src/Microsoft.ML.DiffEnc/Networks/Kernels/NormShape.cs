using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>The shape of what a group norm is taken of: [Images, Channels, Pixels], contiguous.</summary>
internal readonly record struct NormShape(int Images, int Channels, int Pixels, int Groups)
{
    /// <param name="x">[B, C, H, W].</param>
    /// <param name="groups">Of its channels.</param>
    public static NormShape Of(Tensor x, int groups) => new((int)x.size(0), (int)x.size(1), (int)(x.size(2) * x.size(3)), groups);

    public int PerImage => Channels * Pixels;

    public int ChannelsPerGroup => Channels / Groups;

    /// <summary>The elements that share a mean and a deviation.</summary>
    public int PerGroup => ChannelsPerGroup * Pixels;

    /// <summary>Where a channel of an image begins: a batch may have more elements than an <see cref="int"/> counts.</summary>
    public nint Offset(int image, int channel) => ((nint)image * Channels + channel) * Pixels;

    /// <summary>The number of a piece.</summary>
    public int Piece(int image, int group) => image * Groups + group;

    /// <summary>A group's first channel; of the group behind the last, the number of channels.</summary>
    public int FirstChannel(int group) => group * ChannelsPerGroup;

    /// <summary>The pieces that can be computed apart: a group of an image each.</summary>
    public int Pieces => Images * Groups;
}
