using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Sampling;

/// <summary>x̂ at z_t, [B, C, H, W], and γ_t, [B] or [1], in double precision: the network as a sampler sees it.</summary>
internal delegate Tensor ImageEstimate(Tensor z, Tensor gamma);

/// <summary>x̂ and, from the same pass of the network, the second head's E[y + dy/dγ | z].</summary>
internal delegate (Tensor XHat, Tensor OutputMean) HeadedEstimate(Tensor z, Tensor gamma);

/// <summary>All that a sampler has to know of a model. The class a model is conditioned on, say, is the estimate's own affair.</summary>
/// <param name="Schedule">γ(t).</param>
/// <param name="XHat">x̂(z_t, γ_t).</param>
/// <param name="Drifts">Whether there is an encoder, whose drift the process follows by the term σ_t² x̂.</param>
/// <param name="Headed">x̂ together with the second head's output, where the denoiser has one.</param>
internal sealed record GenerativeProcess(NoiseSchedule Schedule, ImageEstimate XHat, bool Drifts, HeadedEstimate? Headed = null)
{
    /// <summary>
    /// x̂ and the mean encoding E[x_t | z] = x̂ + σ²/(1+σ²) E[y + dy/dγ | z]. They are the same where y = x and nothing drifts (no encoder) or where
    /// y = 0 (the non-trainable one). With a trained encoder, which makes (1+σ²) x̂ = E[x_t + dx_t/dλ | z] with dx_t/dλ = σ² (x_t − y − dy/dγ), they
    /// differ; without a second head x̂ then stands in for both, an approximation.
    /// </summary>
    public (Tensor XHat, Tensor Encoding) Means(Tensor z, Tensor gamma, NoiseLevel level)
    {
        if (Headed is null)
        {
            var estimate = XHat(z, gamma);
            return (estimate, estimate);
        }
        var (xHat, outputMean) = Headed(z, gamma);
        return (xHat, xHat + level.SigmaSquared / (1 + level.SigmaSquared) * outputMean);
    }

    /// <summary>
    /// f of the probability-flow ODE dz/dγ = ½ α² z − ½ α f: 2(1+σ²) x̂ − E[x_t | z], or x̂ without an encoder. [B, C, H, W].
    /// </summary>
    public Tensor OdeImage(Tensor z, Tensor gamma, NoiseLevel level)
    {
        if (!Drifts)
            return XHat(z, gamma);
        var (xHat, encoding) = Means(z, gamma, level);
        return 2 * (1 + level.SigmaSquared) * xHat - encoding;
    }
}
