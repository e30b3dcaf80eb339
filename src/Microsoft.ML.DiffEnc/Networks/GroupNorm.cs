using Microsoft.ML.DiffEnc.Networks.Kernels;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>Group normalisation with a scale and an offset per channel; ε = 1e−6.</summary>
internal sealed class GroupNorm : nn.Module, IFirstDerivatives
{
    private const double Epsilon = 1e-6;
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter _bias;
    private readonly long _groups;

    public GroupNorm(long channels, long groups) : base(nameof(GroupNorm))
    {
        _groups = groups;
        _weight = Initializer.Ones(channels);
        _bias = Initializer.Zeros(channels);
        register_parameter("weight", _weight);
        register_parameter("bias", _bias);
    }

    /// <inheritdoc/>
    public bool FirstDerivativesOnly { get; set; }

    /// <summary>What a kernel needs to know of norm, swish and dropout, if it may do them.</summary>
    /// <param name="x">[B, C, H, W].</param>
    /// <param name="dropout">The masks of this training step, of which the next is taken; <see langword="null"/>: none.</param>
    /// <returns><see langword="null"/>: it may not, for such an input or since second derivatives may follow.</returns>
    public NormSwish? ForKernel(Dual x, Dropout? dropout)
        => this.MayFuse() && FusedNormSwish.Takes(x.Value) ? new(_weight, _bias, (int)_groups, Epsilon, dropout?.Next()) : null;

    /// <summary>Normalises, then swish, then dropout: in one kernel where there is one.</summary>
    /// <param name="x">[B, C, H, W].</param>
    /// <param name="dropout">The masks of this training step; <see langword="null"/>: none.</param>
    public Dual Swish(Dual x, Dropout? dropout = null)
    {
        if (ForKernel(x, dropout) is { } norm)
            return FusedNormSwish.Apply(x, norm);
        using var scope = NewDisposeScope();
        var swish = Forward(x).Swish();
        return (dropout?.Apply(swish) ?? swish).MoveToOuterDisposeScope();
    }

    /// <param name="x">[B, C, H, W].</param>
    public Dual Forward(Dual x)
    {
        if (x.Tangent is null)
            return new(nn.functional.group_norm(x.Value, _groups, _weight, _bias, Epsilon));

        using var scope = NewDisposeScope();
        x = x.To(_weight.dtype); // what autocast gives in bfloat16 is too coarse for means and deviations
        long[] shape = x.Value.shape, perGroup = [shape[0], _groups, -1], within = [2];
        var value = x.Value.reshape(perGroup);
        var tangent = x.TangentOrZero().reshape(perGroup);
        var centred = value - value.mean(within, keepdim: true);
        var inverseDeviation = rsqrt(centred.square().mean(within, keepdim: true) + Epsilon);
        var normal = centred * inverseDeviation;
        // d normal = (dx − mean dx − normal · mean(normal · dx)) / deviation
        var dNormal = (tangent - tangent.mean(within, keepdim: true) - normal * (normal * tangent).mean(within, keepdim: true)) * inverseDeviation;
        var scale = _weight.reshape(1, -1, 1, 1);
        return new Dual(normal.reshape(shape) * scale + _bias.reshape(1, -1, 1, 1), dNormal.reshape(shape) * scale).MoveToOuterDisposeScope();
    }
}
