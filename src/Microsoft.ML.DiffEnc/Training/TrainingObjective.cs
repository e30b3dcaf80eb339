using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>The bound that a training minimises: in continuous time, or in T steps.</summary>
internal abstract class TrainingObjective
{
    /// <summary>Whether an image's loss is the same whoever else is in the batch, so that the batch may be computed in parts.</summary>
    public virtual bool IsSumOverImages => true;

    /// <summary>The bound of a batch.</summary>
    /// <param name="x">Scaled images, [B, C, H, W].</param>
    /// <param name="uniform">Low-discrepancy numbers in [0, 1), which decide the times, [B], in double precision.</param>
    /// <param name="eps0">Noise of the reconstruction, [B, C, H, W].</param>
    /// <param name="eps">Noise of the diffusion, [B, C, H, W].</param>
    /// <param name="conditioning">[B].</param>
    /// <param name="dropout">The masks of this step.</param>
    /// <returns>
    /// Nats per image, each [B], and what the schedule's gradient still needs after the backward pass; <see langword="null"/>: nothing.
    /// </returns>
    public abstract (BoundParts Parts, VarianceGradient? Schedule) Of(
        Tensor x, Tensor uniform, Tensor eps0, Tensor eps, Tensor conditioning, Dropout? dropout);

    public static TrainingObjective Create(DiffEncModel model, TrainingSettings settings) => settings.Depth is { } depth
        ? new FiniteDepthObjective(model, TimeGrid.Uniform(depth, settings.VarianceWeight ?? 1), settings.Variance == StepVariance.Optimal)
        : new ContinuousObjective(model);
}

/// <summary>L∞ at t = u.</summary>
internal sealed class ContinuousObjective(DiffEncModel model) : TrainingObjective
{
    public override (BoundParts Parts, VarianceGradient? Schedule) Of(
        Tensor x, Tensor uniform, Tensor eps0, Tensor eps, Tensor conditioning, Dropout? dropout)
    {
        var noise = model.Schedule.At(uniform);
        var variance = model.Schedule.TrainsOnVariance ? new VarianceGradient(noise) : null;
        return (model.Bounds.All(x, variance?.Cut ?? noise, eps0, eps, conditioning, dropout, trainHead: true), variance);
    }
}

/// <summary>
/// L_T = T E[KL of step i], i = ⌈uT⌉ (DiffEnc, section 3). The interior of a learned schedule decides L_T itself, not only the variance of its
/// estimate, and is trained on it like everything else.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="grid">The steps; their weights are those of a loss whose variance is not optimal.</param>
/// <param name="optimalVariance">
/// Whether σ_P² is the best one for the batch: KL = (d/2) ln(1 + M), the weighted diffusion loss, with M the mean over the images of the batch that
/// have the same step. Where that is one image, this is its own best variance, and the loss below the bound's.
/// </param>
internal sealed class FiniteDepthObjective(DiffEncModel model, TimeGrid grid, bool optimalVariance) : TrainingObjective
{
    public override bool IsSumOverImages => !optimalVariance;

    public override (BoundParts Parts, VarianceGradient? Schedule) Of(
        Tensor x, Tensor uniform, Tensor eps0, Tensor eps, Tensor conditioning, Dropout? dropout)
    {
        var (x0, x1) = model.Bounds.EndPoints(x, conditioning, dropout);
        var indices = grid.Indices(uniform);
        var step = grid.Steps(indices);
        var meanError = model.Steps.MeanError(x, step, eps, conditioning, dropout);
        int dimensions = model.Description.Dimensions;
        var divergence = optimalVariance
            ? StepDivergence.AtOptimum(MeanOfStep(meanError, indices), dimensions)
            : StepDivergence.Of(meanError, step.Weight, dimensions);
        return (new BoundParts(model.Bounds.Reconstruction(x, x0, eps0), model.Bounds.Latent(x1), grid.Depth * divergence), null);
    }

    /// <summary>For each image the mean over those with the same step, [B].</summary>
    private static Tensor MeanOfStep(Tensor values, Tensor steps)
    {
        using var scope = NewDisposeScope();
        var same = (steps.unsqueeze(0) == steps.unsqueeze(1)).to(values.dtype); // [B, B]
        return (same.mv(values) / same.sum(1)).MoveToOuterDisposeScope();
    }
}
