using Microsoft.ML.DiffEnc.Networks.Kernels;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>A convolution that keeps the picture's size: weight [out, in, k, k], zero padding k/2.</summary>
internal sealed class Convolution : nn.Module, IFirstDerivatives
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter _bias;
    private readonly long[] _padding;

    public Convolution(long channelsIn, long channelsOut, long size, Initializer init, bool startAtZero = false) : base(nameof(Convolution))
    {
        long[] shape = [channelsOut, channelsIn, size, size];
        _weight = startAtZero ? Initializer.Zeros(shape) : init.LeCunNormal(shape, channelsIn * size * size);
        _bias = Initializer.Zeros(channelsOut);
        _padding = [size / 2, size / 2];
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    /// <inheritdoc/>
    public bool FirstDerivativesOnly { get; set; }

    public Dual Forward(Dual x)
    {
        if (ByKernel(x))
            return WinogradConvolution.Apply(x, _weight, _bias);
        return new(
            nn.functional.conv2d(x.Value, _weight, _bias, padding: _padding),
            x.Tangent is null ? null : nn.functional.conv2d(x.Tangent, _weight, null, padding: _padding));
    }

    /// <summary>The convolution of norm, swish and dropout, and sums with it: in one kernel where there is one.</summary>
    /// <param name="norm">The norm.</param>
    /// <param name="x">[B, C_in, H, W].</param>
    /// <param name="dropout">The masks of this training step; <see langword="null"/>: none.</param>
    /// <param name="offsets">[B, C_out], added to all pixels of a channel; <see langword="null"/>: nothing.</param>
    /// <param name="shortcut">[B, C_out, H, W], added; <see langword="null"/>: nothing.</param>
    /// <returns>[B, C_out, H, W].</returns>
    public Dual OfSwish(GroupNorm norm, Dual x, Dropout? dropout = null, Dual? offsets = null, Dual? shortcut = null)
    {
        if (ByKernel(x) && norm.ForKernel(x, dropout) is { } settings)
            return WinogradConvolution.Apply(x, _weight, _bias, settings, offsets, shortcut);
        using var scope = NewDisposeScope();
        var y = norm.Swish(x, dropout).Into(Forward);
        if (offsets is { } o)
            y = y.Into(v => v + o.OverPixels());
        if (shortcut is { } s)
            y = y.Into(v => v + s);
        return y.MoveToOuterDisposeScope();
    }

    private bool ByKernel(Dual x) => this.MayFuse() && WinogradConvolution.Takes(x.Value, _weight);
}
