using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>A 2×2 transposed convolution of stride 2, which doubles width and height: weight [in, out, 2, 2].</summary>
internal sealed class UpConvolution : nn.Module
{
    private static readonly long[] Stride = [2, 2];
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter _bias;

    public UpConvolution(long channelsIn, long channelsOut, Initializer init) : base(nameof(UpConvolution))
    {
        _weight = init.LeCunNormal([channelsIn, channelsOut, 2, 2], channelsIn * 4);
        _bias = Initializer.Zeros(channelsOut);
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    public Dual Forward(Dual x) => new(
        nn.functional.conv_transpose2d(x.Value, _weight, _bias, strides: Stride),
        x.Tangent is null ? null : nn.functional.conv_transpose2d(x.Tangent, _weight, null, strides: Stride));
}
