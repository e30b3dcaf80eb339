using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Networks.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>
/// The gradients of a step's mean loss, computed at once or, where memory is short, in smaller slices of the batch whose gradients add up to the same.
/// </summary>
internal sealed class GradientStep
{
    private readonly DiffEncModel _model;
    private readonly TrainingObjective _objective;
    private readonly BatchFeeder _feeder;
    private readonly TrainingSettings _settings;
    private readonly StepSeeds _seeds;
    private readonly BatchSlice _own;
    private readonly ITrainingLog _log;
    private readonly IStepObserver? _observer;
    private readonly Tensor[] _weights;
    private int _most;

    /// <param name="model">The model, on the device on which it stays.</param>
    /// <param name="plan">Images, settings and the most images in one slice.</param>
    /// <param name="own">The part of every batch that is computed here.</param>
    /// <param name="log">Told when memory runs out.</param>
    public GradientStep(DiffEncModel model, TrainingPlan plan, BatchSlice own, ITrainingLog log)
    {
        (_model, _settings, _own, _log, _observer) = (model, plan.Settings, own, log, plan.Observer);
        _seeds = new StepSeeds(_settings.Seed);
        _objective = TrainingObjective.Create(model, _settings);
        _feeder = new BatchFeeder(model, plan.Images, _settings);
        _weights = [.. model.NamedParameters.Values];
        _most = Math.Min(plan.MicroBatchSize ?? own.Count, own.Count);
    }

    /// <summary>Leaves the gradients of the step's loss in the weights.</summary>
    /// <returns>L0, L1 and the diffusion loss, [3] in double precision, nats: each the part that the images computed here have in the batch's mean.</returns>
    public Tensor Compute(int step)
    {
        using var rounded = TensorFloat32.AllowFor(_settings.Precision, _model.Device);
        while (true)
        {
            try
            {
                return ComputeSection.Repeatedly(() => Accumulate(step));
            }
            catch (Exception e) when (OutOfMemory.Is(e) && _most > 1 && _objective.IsSumOverImages)
            {
                _most = (_most + 1) / 2;
                _log.Warning(
                    $"Out of memory in step {step + 1} ({e.Message.Split('\n')[0]}). From here on a step's {_own.Count} images are computed {_most} at a time; "
                    + "the result stays the same. MicroBatchSize sets this from the start.");
            }
        }
    }

    /// <summary>One attempt; it leaves no gradients where it fails.</summary>
    private Tensor Accumulate(int step)
    {
        try
        {
            using var scope = NewDisposeScope();
            var draws = StepDraws.Of(_model, _settings.BatchSize, _seeds.Of(DrawPurpose.Noise, step));
            var losses = zeros(3, dtype: float64, device: _model.Device);
            foreach (var slice in _own.Cut(_most))
                Accumulate(step, slice, draws.View(slice), losses);
            return losses.MoveToOuterDisposeScope();
        }
        catch
        {
            foreach (var weight in _weights)
                weight.grad = null;
            throw;
        }
    }

    private void Accumulate(int step, BatchSlice slice, StepDraws draws, Tensor losses)
    {
        using var scope = NewDisposeScope();
        var (x, classes) = _feeder.Read(step, slice);
        var dropout = _settings.Dropout > 0 ? new Dropout(_settings.Dropout, _seeds.Of(DrawPurpose.Dropout, step), slice) : null;
        _observer?.Reached(StepPhase.Data, slice);

        var (parts, schedule) = _objective.Of(x, draws.Times, draws.Eps0, draws.Eps, classes, dropout);
        double unit = _model.Description.NatsPerBitPerDimension;
        var loss = (parts.Reconstruction + parts.Latent + parts.Diffusion).mean() * (slice.Share / unit);
        if (parts.HeadError is not null)
            loss += parts.HeadError.mean() * slice.Share; // of weights that the bound does not reach, and reaches no others
        _observer?.Reached(StepPhase.Forward, slice);

        GradientLifetime.Take(() => loss.backward());
        schedule?.Backward(parts.Diffusion / unit);
        using (no_grad())
            losses.add_(stack([parts.Reconstruction.mean(), parts.Latent.mean(), parts.Diffusion.mean()]).to(float64) * slice.Share);
        _observer?.Reached(StepPhase.Backward, slice);
    }
}
