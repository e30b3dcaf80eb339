using Microsoft.ML.DiffEnc.Networks.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>Self-attention of one head over all pixels, added to the input; the last projection starts at zero.</summary>
internal sealed class AttentionBlock : nn.Module, IFirstDerivatives
{
    private readonly GroupNorm _norm;
    private readonly Dense _q, _k, _v, _projOut;
    private readonly double _scale;

    public AttentionBlock(long channels, long groups, Initializer init) : base(nameof(AttentionBlock))
    {
        _norm = new GroupNorm(channels, groups);
        _q = new Dense(channels, channels, init);
        _k = new Dense(channels, channels, init);
        _v = new Dense(channels, channels, init);
        _projOut = new Dense(channels, channels, init, startAtZero: true);
        _scale = 1 / Math.Sqrt(channels);
        register_module("norm", _norm);
        register_module("q", _q);
        register_module("k", _k);
        register_module("v", _v);
        register_module("proj_out", _projOut);
    }

    /// <inheritdoc/>
    public bool FirstDerivativesOnly { get; set; }

    /// <param name="x">[B, C, H, W].</param>
    public Dual Forward(Dual x)
    {
        using var scope = NewDisposeScope();
        long[] shape = x.Value.shape;
        var h = _norm.Forward(x).Map(v => v.flatten(2).transpose(1, 2)); // [B, H·W, C]
        var mixed = Attend(_q.Forward(h), _k.Forward(h), _v.Forward(h));
        var projected = _projOut.Forward(mixed).Map(v => v.transpose(1, 2).reshape(shape));
        return (x + projected).MoveToOuterDisposeScope();
    }

    private Dual Attend(Dual q, Dual k, Dual v)
    {
        bool fuses = this.MayFuse();
        if (fuses && q.Tangent is null)
            return new(nn.functional.scaled_dot_product_attention(
                q.Value.unsqueeze(1), k.Value.unsqueeze(1), v.Value.unsqueeze(1)).squeeze(1));
        if (fuses && PairAttention.Takes(q.Value))
            return PairAttention.Apply(q, k, v, _scale);

        var scores = (q.Value * _scale).bmm(k.Value.transpose(1, 2)); // [B, H·W, H·W]
        var weights = nn.functional.softmax(scores, -1);
        var value = weights.bmm(v.Value);
        if (q.Tangent is null || k.Tangent is null || v.Tangent is null)
            return new(value);
        var dScores = (q.Tangent * _scale).bmm(k.Value.transpose(1, 2)) + (q.Value * _scale).bmm(k.Tangent.transpose(1, 2));
        var weighted = weights * dScores;
        var dWeights = weighted - weights * weighted.sum(-1, keepdim: true);
        return new(value, dWeights.bmm(v.Value) + weights.bmm(v.Tangent));
    }
}
