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
    /// <param name="gamma0">γ(0), [1].</param>
    public static Tensor LogProbability(Tensor x, Tensor z0Rescaled, Tensor gamma0)
    {
        using var scope = NewDisposeScope();
        var precision = exp(-gamma0);
        var values = Scale(arange(Values, dtype: int64, device: x.device), x.dtype);
        var logits = (z0Rescaled.unsqueeze(-1) - values).square() * (-0.5 * precision); // [B, C, H, W, 256]
        var own = (z0Rescaled - x).square() * (-0.5 * precision);
        return (own - logits.logsumexp(-1)).sum([1L, 2, 3]).MoveToOuterDisposeScope();
    }

    /// <summary>The most probable pixel values given z_0/α_0: the nearest ones, as bytes.</summary>
    public static Tensor MostProbable(Tensor z0Rescaled)
    {
        using var scope = NewDisposeScope();
        return ((z0Rescaled + 1) * (Values / 2.0) - 0.5).round().clamp(0, Values - 1).to(uint8).MoveToOuterDisposeScope();
    }
}
