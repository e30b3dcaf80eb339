using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Sampling;

/// <summary>x̂ at z_t, [B, C, H, W], and γ_t, [1], in double precision: the network as a sampler sees it.</summary>
internal delegate Tensor ImageEstimate(Tensor z, Tensor gamma);

/// <summary>All that a sampler has to know of a model. The class a model is conditioned on, say, is the estimate's own affair.</summary>
/// <param name="Schedule">γ(t).</param>
/// <param name="XHat">x̂(z_t, γ_t).</param>
/// <param name="Drifts">Whether there is an encoder, whose drift the process follows by the term σ_t² x̂.</param>
internal sealed record GenerativeProcess(NoiseSchedule Schedule, ImageEstimate XHat, bool Drifts);
