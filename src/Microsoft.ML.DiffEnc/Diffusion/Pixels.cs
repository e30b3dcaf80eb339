using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Between integer pixel values 0..255 and the scaled images of the mathematics, and the likelihood that joins them.</summary>
internal static class Pixels
{
    private const int Values = 256;

    /// <summary>x̃ = 2(x + ½)/256 − 1, in (−1, 1).</summary>
    public static Tensor Scale(Tensor images, ScalarType dtype) => (images.to(dtype) + 0.5) * (2.0 / Values) - 1;

    /// <summary>
    /// log p(x | z_0), nats per image, [B]: each dimension is categorical with logits −½ (z_0/α_0 − x̃(k))² e^{−γ_0}.
    /// </summary>
    /// <param name="x">The scaled images, [B, C, H, W].</param>
    /// <param name="z0Rescaled">z_0/α_0, [B, C, H, W].</param>
    /// <param name="gamma0">γ(0), [1], in double precision.</param>
    /// <param name="leastGamma0">A lower bound of γ(0), from which follows how far the categorical reaches.</param>
    public static Tensor LogProbability(Tensor x, Tensor z0Rescaled, Tensor gamma0, double leastGamma0)
    {
        using var scope = NewDisposeScope();
        int reach = Reach(leastGamma0);
        var halfPrecision = (0.5 * exp(-gamma0)).to(x.dtype);
        var nearest = Index(z0Rescaled).clamp(0, Values - 1);
        var near = nearest.unsqueeze(-1) + arange(-reach, reach + 1, dtype: x.dtype, device: x.device); // [B, C, H, W, 2·reach + 1]
        var logits = (z0Rescaled.unsqueeze(-1) - Scale(near, x.dtype)).square() * -halfPrecision;
        var possible = logits.masked_fill((near < 0).logical_or(near > Values - 1), double.NegativeInfinity);
        var own = (z0Rescaled - x).square() * -halfPrecision;
        return (own - possible.logsumexp(-1)).sum([1L, 2, 3]).MoveToOuterDisposeScope();
    }

    /// <summary>The most probable pixel values given z_0/α_0: the nearest ones, as bytes.</summary>
    public static Tensor MostProbable(Tensor z0Rescaled)
    {
        using var scope = NewDisposeScope();
        return Index(z0Rescaled).clamp(0, Values - 1).to(uint8).MoveToOuterDisposeScope();
    }

    private static Tensor Index(Tensor scaled) => ((scaled.detach() + 1) * (Values / 2.0) - 0.5).round();

    /// <summary>
    /// How many values to either side of the nearest one count in the normaliser. With spacing δ the j-th neighbour's logit lies at
    /// least ½ j(j − 1) δ² e^{−γ_0} below the nearest one's; those more than 50 below (e^−50 of it) are lost in double precision.
    /// </summary>
    private static int Reach(double leastGamma0)
    {
        double spacing = 2.0 / Values, unit = 0.5 * spacing * spacing * Math.Exp(-leastGamma0);
        int reach = 1;
        while (reach < Values - 1 && unit * reach * (reach + 1) <= 50)
            reach++;
        return reach;
    }
}
