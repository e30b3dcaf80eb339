using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// A dense layer over the last dimension whose weights count by their absolute values, so that no output falls where an input rises
/// (VDM, appendix H). It computes in its input's type, whatever the weights': weight [out, in].
/// </summary>
internal sealed class PositiveDense : nn.Module
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter? _bias;

    /// <param name="weight">Initial weights, [out, in].</param>
    /// <param name="bias">Initial biases, [out]; <see langword="null"/>: the layer has none.</param>
    public PositiveDense(Tensor weight, Tensor? bias = null) : base(nameof(PositiveDense))
    {
        _weight = Own(weight);
        register_parameter("weight", _weight);
        if (bias is null)
            return;
        _bias = Own(bias);
        register_parameter("bias", _bias);
    }

    public Dual Forward(Dual x)
    {
        using var scope = NewDisposeScope();
        var weight = _weight.to(x.Value.dtype).abs();
        return new Dual(
            nn.functional.linear(x.Value, weight, _bias?.to(x.Value.dtype)),
            x.Tangent is null ? null : nn.functional.linear(x.Tangent, weight)).MoveToOuterDisposeScope();
    }

    private static Parameter Own(Tensor initial) => new(initial.to(float32, copy: true).DetachFromDisposeScope());
}
