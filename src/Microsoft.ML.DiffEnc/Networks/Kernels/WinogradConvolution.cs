using Microsoft.ML.DiffEnc.Interop;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// 3×3 convolutions by <see cref="Winograd"/>'s products, a quarter of the direct ones, all of them matrix products. libtorch can differentiate them,
/// once. Its own convolutions on the CPU are direct, and copy their pictures into another order first. What comes before and after a convolution in a
/// <see cref="ResNetBlock"/> is done on the way, while it is in the cache: less memory to go through, and none for what lies between.
/// </summary>
internal static class WinogradConvolution
{
    private const int FewestChannels = 16, ChannelsTogether = 4, SmallestSide = 8, LargestSide = 4096;
    private const nint MostPerImage = 16 << 20; // numbers on both sides of the products

    /// <summary>
    /// Whether it is for such a convolution: in single precision, of enough channels, multiples of four, and enough pixels, and of images that take no more than 64 MiB on both
    /// sides of the products (168×168 pixels with 128 channels each).
    /// </summary>
    /// <param name="x">[B, C_in, H, W].</param>
    /// <param name="weight">[C_out, C_in, k, k].</param>
    public static bool Takes(Tensor x, Tensor weight)
    {
        if (!Simd.IsAvailable || x.dim() != 4 || weight.size(2) != 3 || weight.size(3) != 3 || weight.size(1) != x.size(1)
            || x.device.type != DeviceType.CPU || x.dtype != float32 || weight.dtype != float32 || Autocast.IsOn(DeviceType.CPU))
            return false;
        var shape = ConvolutionShape.Of(x, weight);
        return shape is { Images: > 0, Inputs: >= FewestChannels, Outputs: >= FewestChannels }
            and { Height: >= SmallestSide and <= LargestSide, Width: >= SmallestSide and <= LargestSide }
            && shape.Inputs % ChannelsTogether == 0 && shape.Outputs % ChannelsTogether == 0 && PerImage(shape) <= MostPerImage;
    }

    /// <param name="x">[B, C_in, H, W], with or without a tangent.</param>
    /// <param name="weight">[C_out, C_in, 3, 3].</param>
    /// <param name="bias">[C_out].</param>
    /// <param name="norm">Norm, swish and dropout, which <paramref name="x"/> goes through before; <see langword="null"/>: none.</param>
    /// <param name="offsets">[B, C_out], added to all pixels of a channel; <see langword="null"/>: nothing.</param>
    /// <param name="shortcut">[B, C_out, H, W], added; <see langword="null"/>: nothing.</param>
    /// <returns>[B, C_out, H, W].</returns>
    public static Dual Apply(Dual x, Tensor weight, Tensor bias, NormSwish? norm = null, Dual? offsets = null, Dual? shortcut = null)
    {
        using var scope = NewDisposeScope();
        var shape = ConvolutionShape.Of(x.Value, weight);
        bool pair = x.Tangent is not null;
        var kernel = norm is { } settings ? NormSwishKernel.Of(x, settings) : null;
        IReadOnlyList<Tensor> ofNorm = norm is { } n ? [n.Weight, n.Bias] : [], added = Added(offsets, pair), beside = Added(shortcut, pair);
        var call = new WinogradConvolutionCall(shape, kernel, halves: pair ? 2 : 1, offsets: added.Count, shortcuts: beside.Count);
        var y = Dual.Of(KernelFunction.Apply(call, [.. x.Halves(), weight, bias, .. ofNorm, .. added, .. beside]));
        if (!pair) // the derivative is then that of what is added
            y = new(y.Value, Dual.Sum(offsets?.OverPixels().Tangent, shortcut?.Tangent));
        return y.MoveToOuterDisposeScope();
    }

    /// <summary>The numbers on both sides of the products that an image needs.</summary>
    public static nint PerImage(ConvolutionShape shape)
        => (nint)Winograd.Products * (shape.Inputs + shape.Outputs) * new WinogradPlanes(shape.Height, shape.Width).Tiles;

    private static IReadOnlyList<Tensor> Added(Dual? what, bool pair) => what is not { } x ? [] : pair ? x.Halves() : new Dual(x.Value).Halves();
}
