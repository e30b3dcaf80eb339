using System.Globalization;
using System.Text;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Persistence;
using Microsoft.ML.DiffEnc.Ranks;
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
    private readonly TrainingTeam _team;
    private readonly GradientStep _gradients;
    private readonly GradientSum? _sum;
    private readonly AdamW _optimizer;
    private readonly MovingAverage _ema;
    private readonly RunningLosses _losses;
    private readonly CheckpointFolder? _checkpoints;
    private readonly Validation? _validation;
    private readonly Lock _whole = new(); // held while weights move and while they are saved, which another thread may have to do
    private DiffEncModel? _average;
    private int _done, _saved;

    public TrainingLoop(TrainingPlan plan, ITrainingLog log)
    {
        (_plan, _log) = (plan, log);
        _team = new TrainingTeam(plan);
        var settings = plan.Settings;
        _losses = new RunningLosses(plan.Model.NatsPerBitPerDimension);
        _model = DiffEncModel.Create(plan.Model, settings.Seed);
        try
        {
            _model.To(plan.Device);
            _model.FirstDerivativesOnly = true;
            _model.Precision = settings.Precision;
            _gradients = new GradientStep(_model, plan, _team.Slice, log);
            if (plan.Ranks.Size > 1)
                _sum = new GradientSum(plan.Ranks, _model.NamedParameters, losses: 3);
            _average = _model.Clone();
            _optimizer = new AdamW(_model.NamedParameters, settings.WeightDecay);
            _ema = new MovingAverage(_model, _average, settings.EmaDecay, settings.EmaRamp);
            plan.Start?.CopyTo(State());
            if (plan.ValidationImages is not null && _team.Leads)
                _validation = new Validation(plan.ValidationImages, settings);
            if (plan.CheckpointFolder is not null && _team.Leads)
                _checkpoints = new CheckpointFolder(plan.CheckpointFolder, Identity(plan), log);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Trains to the end.</summary>
    /// <returns>The model of the averaged weights; it is the caller's.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint folder, if any, holds the last step done.</exception>
    /// <exception cref="InvalidOperationException">The loss is no longer finite; the checkpoints are of another training; or another rank is gone, has
    /// failed or trains something else.</exception>
    public DiffEncModel Run(CancellationToken cancellationToken)
    {
        var average = _average ?? throw new InvalidOperationException("A loop runs once.");
        using var guard = _plan.Ranks.Guard(SaveLastStep);
        try
        {
            Train(average, cancellationToken);
        }
        catch (RankFailureException e)
        {
            _plan.Ranks.Abandon(e, SaveLastStep);
            throw new RankFailureException($"{e.Message} {WhatIsLeft()}", e);
        }
        catch (Exception e) when (e is not OperationCanceledException) // which all ranks have agreed on
        {
            _plan.Ranks.Abandon(e, save: null);
            throw;
        }
        lock (_whole)
            _average = null;
        return average;
    }

    private void Train(DiffEncModel average, CancellationToken cancellationToken)
    {
        if (_plan.Ranks.Size > 1)
            _team.Agree(Identity(_plan));
        int first = _checkpoints?.Restore(State()) is > 0 and var restored ? restored : _plan.Start?.Step ?? 0;
        if (_plan.Ranks.Size > 1)
            first = _team.Begin(first, State());
        (_done, _saved) = (first, first);
        if (first > _plan.Steps)
            _log.Warning($"The checkpoint is of step {first}; {_plan.Steps} steps were asked for. Nothing is trained.");
        var clock = new TrainingClock(first, _plan.Steps, _plan.Settings.BatchSize);
        for (int step = first; step < _plan.Steps; step++)
        {
            ThrowIfCancelled(cancellationToken);
            Step(step);
            double? validation = _validation is not null && IsDue(_done, _plan.ValidateEverySteps)
                ? clock.Aside(() => _validation.Evaluate(average))
                : null;
            bool due = IsDue(_done, _plan.CheckpointEverySteps), save = due && _checkpoints is not null;
            if (_team.Leads && (validation is not null || save || clock.IsDue(_done))) // before a save, lest what diverged is saved
                _log.Report(CheckFinite(clock.Report(_done, _losses.Take(), validation)));
            if (!due)
                continue;
            if (_plan.Ranks.Size > 1)
                _team.CheckTogether(_done, _model.NamedParameters);
            SaveLastStep();
        }
    }

    /// <summary>Ends the training on all ranks, after the same step, when one of them is to end.</summary>
    private void ThrowIfCancelled(CancellationToken cancellationToken)
    {
        if (!_plan.Ranks.Any(cancellationToken.IsCancellationRequested))
            return;
        SaveLastStep();
        _plan.Ranks.Any(false); // mpirun ends them all as soon as one has ended
        throw new OperationCanceledException($"The training was cancelled after step {_done} of {_plan.Steps}.", cancellationToken);
    }

    /// <summary>One step, 0-based: a batch, its loss and gradients, the weights and their average moved.</summary>
    internal void Step(int step)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        using var gradients = enable_grad(); // whatever the caller has set
        var settings = _plan.Settings;
        var losses = _gradients.Compute(step);
        if (_sum is not null)
            losses = _sum.Apply(losses);
        lock (_whole)
        {
            _optimizer.Step(settings.LearningRate * (step >= settings.WarmUpSteps ? 1 : step / (double)settings.WarmUpSteps));
            _ema.Update(step);
            _done = step + 1;
        }
        _losses.Add(losses);
        _plan.Observer?.Reached(StepPhase.Update, _team.Slice);
    }

    /// <summary>
    /// Saves what the last whole step has left, unless it is saved. A full disk must not cost the training: what was saved before is still there.
    /// </summary>
    private void SaveLastStep()
    {
        lock (_whole)
        {
            if (_done <= _saved || _average is null)
                return;
            try
            {
                _checkpoints?.Save(_done, State());
                _saved = _done;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _log.Warning($"The checkpoint of step {_done} could not be written, and the training goes on without it: {e.Message}");
            }
        }
    }

    /// <summary>For the message of a training that another rank has ended.</summary>
    private string WhatIsLeft()
    {
        if (_done == 0)
            return "The training ended before its first step was done.";
        string ended = $"The training ended after step {_done} of {_plan.Steps}";
        return _plan.CheckpointFolder is null ? $"{ended}; no CheckpointFolder was set to keep it in."
            : !_team.Leads ? $"{ended}, which rank 0 saves in its CheckpointFolder if it can."
            : _saved == _done ? $"{ended}, which '{_plan.CheckpointFolder}' holds: start the same again, with any number of ranks, and it goes on from there."
            : $"{ended}; what '{_plan.CheckpointFolder}' holds is from step {_saved}.";
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
        using var last = _whole.EnterScope();
        _sum?.Dispose();
        _losses.Dispose();
        _optimizer?.Dispose(); // not there, where memory did not suffice for it
        _model.Dispose();
        _average?.Dispose();
    }
}
