using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>α, σ and their squares at noise levels γ, shaped [B, 1, 1, 1]: α² = sigmoid(−γ), σ² = sigmoid(γ).</summary>
internal readonly record struct NoiseLevel(Tensor Alpha, Tensor Sigma, Tensor AlphaSquared, Tensor SigmaSquared)
{
    /// <param name="gamma">γ = −log SNR, [B], in double precision.</param>
    /// <param name="dtype">The type of the images that they are for.</param>
    public static NoiseLevel At(Tensor gamma, ScalarType dtype)
    {
        var perImage = gamma.reshape(-1, 1, 1, 1);
        var (alphaSquared, sigmaSquared) = (sigmoid(-perImage), sigmoid(perImage));
        return new(alphaSquared.sqrt().to(dtype), sigmaSquared.sqrt().to(dtype), alphaSquared.to(dtype), sigmaSquared.to(dtype));
    }
}
