using System.Globalization;
using System.Text;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>
/// Minimises the bound. Every draw of a step is a function of the seed and the step, so a training that was interrupted and goes on
/// from its checkpoint ends, on the CPU, in the same bits as one that was not.
/// </summary>
internal sealed class TrainingLoop : IDisposable
{
    private readonly TrainingPlan _plan;
    private readonly ITrainingLog _log;
    private readonly DiffEncModel _model;
    private readonly GradientStep _gradients;
    private readonly AdamW _optimizer;
    private readonly MovingAverage _ema;
    private readonly RunningLosses _losses;
    private readonly CheckpointFolder? _checkpoints;
    private readonly Validation? _validation;
    private DiffEncModel? _average;

    public TrainingLoop(TrainingPlan plan, ITrainingLog log)
    {
        (_plan, _log) = (plan, log);
        var settings = plan.Settings;
        _model = DiffEncModel.Create(plan.Model, settings.Seed);
        _model.To(plan.Device);
        _model.FirstDerivativesOnly = true;
        _model.Precision = settings.Precision;
        _gradients = new GradientStep(_model, plan, BatchSlice.Whole(settings.BatchSize), log);
        _average = _model.Clone();
        _optimizer = new AdamW(_model.NamedParameters, settings.WeightDecay);
        _ema = new MovingAverage(_model, _average, settings.EmaDecay, settings.EmaRamp);
        plan.Start?.CopyTo(State());
        _losses = new RunningLosses(plan.Model.NatsPerBitPerDimension);
        if (plan.ValidationImages is not null)
            _validation = new Validation(plan.ValidationImages, settings);
        if (plan.CheckpointFolder is not null)
            _checkpoints = new CheckpointFolder(plan.CheckpointFolder, Identity(plan), log);
    }

    /// <summary>Trains to the end.</summary>
    /// <returns>The model of the averaged weights; it is the caller's.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint folder, if any, holds the last step done.</exception>
    /// <exception cref="InvalidOperationException">The loss is no longer finite, or the checkpoints are of another training.</exception>
    public DiffEncModel Run(CancellationToken cancellationToken)
    {
        var average = _average ?? throw new InvalidOperationException("A loop runs once.");
        int first = _checkpoints?.Restore(State()) is > 0 and var restored ? restored : _plan.Start?.Step ?? 0;
        if (first > _plan.Steps)
            _log.Warning($"The checkpoint is of step {first}; {_plan.Steps} steps were asked for. Nothing is trained.");
        var clock = new TrainingClock(first, _plan.Steps, _plan.Settings.BatchSize);
        int saved = first;
        for (int step = first; step < _plan.Steps; step++)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                if (step > saved)
                    Save(step);
                throw new OperationCanceledException($"The training was cancelled after step {step} of {_plan.Steps}.", cancellationToken);
            }
            Step(step);
            int done = step + 1;
            double? validation = _validation is not null && IsDue(done, _plan.ValidateEverySteps)
                ? clock.Aside(() => _validation.Evaluate(average))
                : null;
            bool save = _checkpoints is not null && IsDue(done, _plan.CheckpointEverySteps);
            if (validation is not null || save || clock.IsDue(done)) // before a save, lest what diverged is saved
                _log.Report(CheckFinite(clock.Report(done, _losses.Take(), validation)));
            if (!save)
                continue;
            Save(done);
            saved = done;
        }
        _average = null;
        return average;
    }

    /// <summary>One step, 0-based: a batch, its loss and gradients, the weights and their average moved.</summary>
    internal void Step(int step)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        using var gradients = enable_grad(); // whatever the caller has set
        var settings = _plan.Settings;
        var losses = _gradients.Compute(step);
        _optimizer.Step(settings.LearningRate * (step >= settings.WarmUpSteps ? 1 : step / (double)settings.WarmUpSteps));
        _ema.Update(step);
        _losses.Add(losses);
        _plan.Observer?.Reached(StepPhase.Update, BatchSlice.Whole(settings.BatchSize));
    }

    /// <summary>A full disk must not cost the training: what was saved before is still there.</summary>
    private void Save(int step)
    {
        try
        {
            _checkpoints?.Save(step, State());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Warning($"The checkpoint of step {step} could not be written, and the training goes on without it: {e.Message}");
        }
    }

    private bool IsDue(int done, int every) => done % every == 0 || done == _plan.Steps;

    private TrainingProgress CheckFinite(TrainingProgress progress)
    {
        if (double.IsFinite(progress.BitsPerDimension))
            return progress;
        string last = _plan.CheckpointFolder is null ? "" : $" Checkpoints from before are in '{_plan.CheckpointFolder}'.";
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
            $"The training diverged: by step {progress.Step} the loss is {progress.BitsPerDimension}. ")
            + string.Create(CultureInfo.InvariantCulture,
            $"Lower LearningRate (now {_plan.Settings.LearningRate}) or enlarge BatchSize (now {_plan.Settings.BatchSize}).{last}"));
    }

    /// <summary>All tensors that the training consists of, by name: the tensors themselves, not copies.</summary>
    private Dictionary<string, Tensor> State()
    {
        var state = new Dictionary<string, Tensor>(_optimizer.State, StringComparer.Ordinal);
        foreach (var (name, weight) in _model.NamedParameters)
            state.Add(TrainingState.Weight(name), weight);
        foreach (var (name, weight) in _average!.NamedParameters)
            state.Add(TrainingState.Average(name), weight);
        return state;
    }

    private static TrainingIdentity Identity(TrainingPlan plan)
    {
        ulong pixels = 0, labels = 0;
        for (int row = 0; row < plan.Images.Count; row++)
        {
            pixels = Seeds.Mix(pixels, Seeds.Hash(plan.Images[row]));
            if (plan.Images.HasLabels)
                labels = Seeds.Mix(labels, (ulong)plan.Images.ClassOf(row));
        }
        return new(
            Encoding.UTF8.GetString(ModelFile.Describe(plan.Model)), plan.Settings, plan.Images.Count, pixels, plan.Start?.Fingerprint, labels);
    }

    public void Dispose()
    {
        _losses.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
        _average?.Dispose();
    }
}
