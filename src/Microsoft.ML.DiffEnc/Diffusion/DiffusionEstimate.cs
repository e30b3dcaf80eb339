using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>An unbiased estimate of the diffusion loss of the bound, in nats per image, from a uniform number and noise.</summary>
internal abstract class DiffusionEstimate
{
    /// <param name="x">Scaled images, [B, C, H, W].</param>
    /// <param name="uniform">u ~ U(0, 1), which decides the time, [B], in double precision.</param>
    /// <param name="eps">The noise in z_t, [B, C, H, W].</param>
    /// <param name="conditioning">[B].</param>
    /// <returns>[B].</returns>
    public abstract Tensor Of(Tensor x, Tensor uniform, Tensor eps, Tensor conditioning);
}

/// <summary>L∞ at t = u.</summary>
internal sealed class ContinuousEstimate(ContinuousBound bound) : DiffusionEstimate
{
    public override Tensor Of(Tensor x, Tensor uniform, Tensor eps, Tensor conditioning) => bound.Diffusion(x, uniform, eps, conditioning);
}

/// <summary>L_T = T E[KL of step i], i = ⌈uT⌉ uniform over the steps of a grid.</summary>
internal sealed class FiniteDepthEstimate(FiniteDepth process, TimeGrid grid) : DiffusionEstimate
{
    public override Tensor Of(Tensor x, Tensor uniform, Tensor eps, Tensor conditioning)
    {
        using var scope = NewDisposeScope();
        return (grid.Depth * process.StepKl(x, grid.StepsAt(uniform), eps, conditioning)).MoveToOuterDisposeScope();
    }
}
