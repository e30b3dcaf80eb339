using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// GroupNorm → swish → conv 3×3 → + projection of the time embedding → GroupNorm → swish → dropout → conv 3×3, added to the input
/// (through a 1×1 convolution where the widths differ). The projection and the second convolution start at zero.
/// </summary>
internal sealed class ResNetBlock : nn.Module
{
    private readonly GroupNorm _norm1, _norm2;
    private readonly Convolution _conv1, _conv2;
    private readonly Dense _condProj;
    private readonly Convolution? _shortcut;

    public ResNetBlock(long channelsIn, long channelsOut, long embedding, long groups, Initializer init) : base(nameof(ResNetBlock))
    {
        _norm1 = new GroupNorm(channelsIn, groups);
        _conv1 = new Convolution(channelsIn, channelsOut, 3, init);
        _condProj = new Dense(embedding, channelsOut, init, startAtZero: true, bias: false);
        _norm2 = new GroupNorm(channelsOut, groups);
        _conv2 = new Convolution(channelsOut, channelsOut, 3, init, startAtZero: true);
        register_module("norm1", _norm1);
        register_module("conv1", _conv1);
        register_module("cond_proj", _condProj);
        register_module("norm2", _norm2);
        register_module("conv2", _conv2);
        if (channelsIn == channelsOut)
            return;
        _shortcut = new Convolution(channelsIn, channelsOut, 1, init);
        register_module("shortcut", _shortcut);
    }

    /// <param name="x">[B, C_in, H, W].</param>
    /// <param name="embedding">[B, 4n], the time embedding after its last swish.</param>
    /// <param name="dropout">The masks of this training step; <see langword="null"/> outside training.</param>
    /// <returns>[B, C_out, H, W].</returns>
    public Dual Forward(Dual x, Dual embedding, Dropout? dropout)
    {
        using var scope = NewDisposeScope();
        var h = _conv1.OfSwish(_norm1, x, offsets: _condProj.Forward(embedding));
        return h.Into(v => _conv2.OfSwish(_norm2, v, dropout, shortcut: _shortcut?.Forward(x) ?? x)).MoveToOuterDisposeScope();
    }
}
