using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// A second head on the denoiser's last features, for E[y + dy/dγ | z]: GroupNorm → swish → conv 3×3, which starts at zero.
/// </summary>
internal sealed class OdeHead : nn.Module
{
    private readonly GroupNorm _norm;
    private readonly Convolution _conv;

    public OdeHead(long features, int channels, long groups, Initializer init) : base(nameof(OdeHead))
    {
        _norm = new GroupNorm(features, groups);
        _conv = new Convolution(features, channels, 3, init, startAtZero: true);
        register_module("norm", _norm);
        register_module("conv", _conv);
    }

    /// <param name="features">[B, n, H, W].</param>
    /// <returns>[B, C, H, W].</returns>
    public Tensor Forward(Tensor features)
    {
        using var scope = NewDisposeScope();
        return _conv.OfSwish(_norm, new Dual(features)).Value.MoveToOuterDisposeScope();
    }
}
