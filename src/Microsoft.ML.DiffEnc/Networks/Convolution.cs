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
        if ((FirstDerivativesOnly || !is_grad_enabled()) && WinogradConvolution.Takes(x.Value, _weight))
            return WinogradConvolution.Apply(x, _weight, _bias);
        return new(
            nn.functional.conv2d(x.Value, _weight, _bias, padding: _padding),
            x.Tangent is null ? null : nn.functional.conv2d(x.Tangent, _weight, null, padding: _padding));
    }
}
