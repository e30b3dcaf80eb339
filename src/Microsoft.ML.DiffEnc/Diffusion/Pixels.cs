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
    /// <param name="leastGamma0">The same as a number, from which follows how far the categorical reaches.</param>
    public static Tensor LogProbability(Tensor x, Tensor z0Rescaled, Tensor gamma0, double leastGamma0)
    {
        using var scope = NewDisposeScope();
        var (_, logits, halfPrecision) = Near(z0Rescaled, gamma0, leastGamma0);
        var own = (z0Rescaled - x).square() * -halfPrecision;
        return (own - logits.logsumexp(-1)).sum([1L, 2, 3]).MoveToOuterDisposeScope();
    }

    /// <summary>The most probable pixel values given z_0/α_0: the nearest ones, as bytes.</summary>
    public static Tensor MostProbable(Tensor z0Rescaled)
    {
        using var scope = NewDisposeScope();
        return Index(z0Rescaled).clamp(0, Values - 1).to(uint8).MoveToOuterDisposeScope();
    }

    /// <summary>Pixel values drawn from p(x | z_0), as bytes, [B, C, H, W].</summary>
    /// <param name="z0Rescaled">z_0/α_0, [B, C, H, W].</param>
    /// <param name="gamma0">γ(0), [1], in double precision.</param>
    /// <param name="leastGamma0">The same as a number, from which follows how far the categorical reaches.</param>
    /// <param name="uniform">One number in [0, 1) for each value, [B, C, H, W], in single precision.</param>
    public static Tensor Draw(Tensor z0Rescaled, Tensor gamma0, double leastGamma0, Tensor uniform)
    {
        using var scope = NewDisposeScope();
        var (values, logits, _) = Near(z0Rescaled, gamma0, leastGamma0);
        // The first value whose cumulative probability exceeds u. A u in single precision stays below the last of the sums, which are in double; so
        // values that are impossible are never chosen.
        var cumulative = logits.to(float64).softmax(-1).cumsum(-1);
        var chosen = (cumulative <= uniform.to(float64).unsqueeze(-1)).sum(-1, keepdim: true);
        return values.gather(-1, chosen).squeeze(-1).to(uint8).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The pixel values that count, those nearest to z_0/α_0, and their logits −½ (z_0/α_0 − x̃(k))² e^{−γ_0}, −∞ outside of 0..255; both
    /// [B, C, H, W, 2·reach + 1]. Also ½ e^{−γ_0}.
    /// </summary>
    private static (Tensor Values, Tensor Logits, Tensor HalfPrecision) Near(Tensor z0Rescaled, Tensor gamma0, double leastGamma0)
    {
        int reach = Reach(leastGamma0);
        var (dtype, device) = (z0Rescaled.dtype, z0Rescaled.device);
        var halfPrecision = (0.5 * exp(-gamma0)).to(dtype);
        var nearest = Index(z0Rescaled).clamp(0, Values - 1);
        var near = nearest.unsqueeze(-1) + arange(-reach, reach + 1, dtype: dtype, device: device);
        var logits = (z0Rescaled.unsqueeze(-1) - Scale(near, dtype)).square() * -halfPrecision;
        return (near, logits.masked_fill((near < 0).logical_or(near > Values - 1), double.NegativeInfinity), halfPrecision);
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
