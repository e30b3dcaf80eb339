using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>A dense layer over the last dimension: weight [out, in].</summary>
internal sealed class Dense : nn.Module
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter? _bias;

    /// <param name="sizeIn">Inputs.</param>
    /// <param name="sizeOut">Outputs.</param>
    /// <param name="init">Makes the weights.</param>
    /// <param name="startAtZero">Whether the weights start at zero.</param>
    /// <param name="bias">Whether there is a bias; it starts at zero.</param>
    /// <param name="fanIn">The inputs that count for the size of the initial weights; <see langword="null"/>: all.</param>
    public Dense(long sizeIn, long sizeOut, Initializer init, bool startAtZero = false, bool bias = true, long? fanIn = null) : base(nameof(Dense))
    {
        _weight = startAtZero ? Initializer.Zeros(sizeOut, sizeIn) : init.LeCunNormal([sizeOut, sizeIn], fanIn ?? sizeIn);
        register_parameter("weight", _weight);
        if (!bias)
            return;
        _bias = Initializer.Zeros(sizeOut);
        register_parameter("bias", _bias);
    }

    public Dual Forward(Dual x) => new(
        nn.functional.linear(x.Value, _weight, _bias),
        x.Tangent is null ? null : nn.functional.linear(x.Tangent, _weight));
}
