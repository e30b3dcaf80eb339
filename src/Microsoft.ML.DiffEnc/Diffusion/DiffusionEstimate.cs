using System.Globalization;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>An unbiased estimate of the diffusion loss of the bound, in nats per image, from a uniform number and noise.</summary>
internal abstract class DiffusionEstimate
{
    /// <summary>What reports call it.</summary>
    public abstract string Name { get; }

    /// <param name="x">Scaled images, [B, C, H, W].</param>
    /// <param name="uniform">u ~ U(0, 1), which decides the time, [B], in double precision.</param>
    /// <param name="eps">The noise in z_t, [B, C, H, W].</param>
    /// <param name="conditioning">[B].</param>
    /// <returns>[B].</returns>
    public abstract Tensor Of(Tensor x, Tensor uniform, Tensor eps, Tensor conditioning);

    /// <summary>The times t(u) that uniform numbers become, and dt/du = 1/p(t), which the estimate of the loss at t is weighted by.</summary>
    /// <param name="uniform">[B], in double precision.</param>
    /// <returns>Both [B], in double precision.</returns>
    public virtual (Tensor Times, Tensor Slope) TimesOf(Tensor uniform) => (uniform, ones_like(uniform));
}

/// <summary>L∞ at t = u.</summary>
internal sealed class ContinuousEstimate(ContinuousBound bound) : DiffusionEstimate
{
    public override string Name => "continuous time, uniform times";

    public override Tensor Of(Tensor x, Tensor uniform, Tensor eps, Tensor conditioning) => bound.Diffusion(x, uniform, eps, conditioning);
}

/// <summary>L_T = T E[KL of step i], i = ⌈uT⌉ uniform over the steps of a grid.</summary>
internal sealed class FiniteDepthEstimate(FiniteDepth process, TimeGrid grid) : DiffusionEstimate
{
    public override string Name => string.Create(CultureInfo.InvariantCulture, $"finite depth, T = {grid.Depth}");

    public override Tensor Of(Tensor x, Tensor uniform, Tensor eps, Tensor conditioning)
    {
        using var scope = NewDisposeScope();
        return (grid.Depth * process.StepKl(x, grid.StepsAt(uniform), eps, conditioning)).MoveToOuterDisposeScope();
    }

    /// <summary>Times within the steps, each of which has its loss spread evenly over its length.</summary>
    public override (Tensor Times, Tensor Slope) TimesOf(Tensor uniform)
    {
        using var scope = NewDisposeScope();
        var step = grid.StepsAt(uniform);
        var (length, share) = (step.T - step.S, uniform * grid.Depth - grid.Indices(uniform));
        return ((step.S + share * length).MoveToOuterDisposeScope(), (grid.Depth * length).MoveToOuterDisposeScope());
    }
}
