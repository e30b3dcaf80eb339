using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// A monotone network between fixed end points (VDM, appendix H): γ̃(t) = l1(t) + l3(sigmoid(l2(l1(t)))), with layers of positive weights, and
/// γ(t) = γ_min + (γ_max − γ_min) (γ̃(t) − γ̃(0)) / (γ̃(1) − γ̃(0)).
/// </summary>
internal sealed class MonotoneSchedule : NoiseSchedule
{
    private const int Features = 1024;

    // The start: a sigmoid for each of 1024 places along time, all of one height, whose sum rises within a few per cent as a straight line.
    // The places reach beyond [0, 1], or the line would bend at its ends. About a quarter of the rise is l1's own, which bounds how flat it can get.
    private const double Steepness = 16, FirstPlace = -0.25, LastPlace = 1.25, Height = 4;

    private readonly double _gammaMin, _gammaMax;
    private readonly PositiveDense _l1, _l2, _l3;

    public MonotoneSchedule(double gammaMin, double gammaMax) : base(nameof(MonotoneSchedule))
    {
        (_gammaMin, _gammaMax) = (gammaMin, gammaMax);
        using var scope = NewDisposeScope();
        var places = FirstPlace + (LastPlace - FirstPlace) * (arange(Features, dtype: float64) + 0.5) / Features;
        _l1 = new PositiveDense(ones(1, 1, dtype: float32), zeros(1, dtype: float32));
        _l2 = new PositiveDense(full(Features, 1, Steepness, dtype: float32), -Steepness * places);
        _l3 = new PositiveDense(full(1, Features, Height, dtype: float32)); // a bias would cancel in the normalisation
        register_module("l1", _l1);
        register_module("l2", _l2);
        register_module("l3", _l3);
    }

    public override double LeastGamma => _gammaMin;

    public override bool TrainsOnVariance => true;

    public override (Tensor Gamma, Tensor Slope) At(Tensor t)
    {
        using var scope = NewDisposeScope();
        long count = t.size(0);
        var times = cat([t, t.new_zeros(1), t.new_ones(1)]).unsqueeze(1); // [B + 2, 1]
        var raw = Raw(new Dual(times, ones_like(times))).Map(v => v.squeeze(1));
        var start = raw.Value.narrow(0, count, 1);
        var rise = raw.Value.narrow(0, count + 1, 1) - start;
        var share = (raw.Value.narrow(0, 0, count) - start) / rise;
        var slope = raw.TangentOrZero().narrow(0, 0, count) / rise * (_gammaMax - _gammaMin);
        return ((_gammaMin * (1 - share) + _gammaMax * share).MoveToOuterDisposeScope(), slope.MoveToOuterDisposeScope());
    }

    /// <summary>The end points are constants: no gradient reaches the network through them, not even that of a rounding.</summary>
    public override Tensor GammaAt(double t, Device device) => t switch
    {
        0 => full(1, _gammaMin, dtype: float64, device: device),
        1 => full(1, _gammaMax, dtype: float64, device: device),
        _ => base.GammaAt(t, device),
    };

    /// <summary>γ̃, [B, 1]. The mean over the features in place of their sum only scales l3's weights, to the size on which Adam's steps are
    /// small.</summary>
    private Dual Raw(Dual t)
    {
        var linear = _l1.Forward(t);
        return linear + _l3.Forward(_l2.Forward(linear).Sigmoid()).Map(v => v / Features);
    }
}
