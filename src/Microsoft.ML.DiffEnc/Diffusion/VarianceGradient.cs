using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// Trains a schedule's interior on the variance of the diffusion loss (VDM, appendix H).
/// </summary>
/// <remarks>
/// Between fixed end points the expected loss E[ℓ] does not depend on the schedule's parameters η: it is an integral over γ, and η only says
/// how fast t runs through it. So ∇_η Var[ℓ] = ∇_η E[ℓ²] − ∇_η E[ℓ]² = E[2 ℓ ∇_η ℓ], which one estimate ℓ gives without bias, and the gradient of
/// the bound itself is left out: its expectation is zero and it would add noise alone. An image's ℓ depends on η through its own γ(t) and γ'(t) only.
/// These are therefore cut from the schedule, the bound's one backward pass leaves the derivatives of ℓ in them, and they go on to η weighted by 2ℓ.
/// The networks get the same gradients as without all this.
/// </remarks>
internal sealed class VarianceGradient
{
    private readonly (Tensor Gamma, Tensor Slope) _schedule;

    public VarianceGradient((Tensor Gamma, Tensor Slope) schedule)
    {
        _schedule = schedule;
        Cut = (schedule.Gamma.detach().requires_grad_(), schedule.Slope.detach().requires_grad_());
    }

    /// <summary>γ(t) and γ'(t), each [B], to compute the bound with: leaves of its graph.</summary>
    public (Tensor Gamma, Tensor Slope) Cut { get; }

    /// <summary>
    /// Gives the schedule's parameters the gradient of Σ c ℓ², once the backward pass of an objective that contains Σ c ℓ has been taken.
    /// </summary>
    /// <param name="losses">ℓ, each image's diffusion loss, [B], in the objective's units.</param>
    public void Backward(Tensor losses)
    {
        using var scope = NewDisposeScope();
        var weight = 2 * losses.detach().to(float64);
        var (ofGamma, ofSlope) = (weight * Cut.Gamma.grad!, weight * Cut.Slope.grad!);
        (_schedule.Gamma * ofGamma + _schedule.Slope * ofSlope).sum().backward();
    }
}
