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
    private readonly AdamW _optimizer;
    private readonly MovingAverage _ema;
    private readonly BatchOrder _order;
    private readonly RunningLosses _losses;
    private readonly CheckpointFolder? _checkpoints;
    private readonly Validation? _validation;
    private readonly int[] _rows;
    private readonly ulong _seed;
    private DiffEncModel? _average;

    public TrainingLoop(TrainingPlan plan, ITrainingLog log)
    {
        (_plan, _log) = (plan, log);
        var settings = plan.Settings;
        _seed = (ulong)settings.Seed;
        _model = DiffEncModel.Create(plan.Model, settings.Seed);
        _model.To(plan.Device);
        _model.FirstDerivativesOnly = true;
        _average = _model.Clone();
        _optimizer = new AdamW(_model.NamedParameters, settings.WeightDecay);
        _ema = new MovingAverage(_model, _average, settings.EmaDecay, settings.EmaRamp);
        _order = new BatchOrder(plan.Images.Count, settings.BatchSize, Seeds.Mix(_seed, (ulong)Purpose.Order));
        _losses = new RunningLosses(plan.Model.NatsPerBitPerDimension);
        _rows = new int[settings.BatchSize];
        if (plan.ValidationImages is not null)
            _validation = new Validation(plan.ValidationImages, settings.Seed);
        if (plan.CheckpointFolder is not null)
            _checkpoints = new CheckpointFolder(plan.CheckpointFolder, Identity(plan), log);
    }

    /// <summary>What a step draws randomness for.</summary>
    private enum Purpose
    {
        Order,
        Noise,
        Dropout,
    }

    /// <summary>Trains to the end.</summary>
    /// <returns>The model of the averaged weights; it is the caller's.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; the checkpoint folder, if any, holds the last step done.</exception>
    /// <exception cref="InvalidOperationException">The loss is no longer finite, or the checkpoints are of another training.</exception>
    public DiffEncModel Run(CancellationToken cancellationToken)
    {
        var average = _average ?? throw new InvalidOperationException("A loop runs once.");
        int first = _checkpoints?.Restore(State()) ?? 0;
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
        var x = Batch(step);
        using var generator = new Generator(Seeds.Mix(_seed, (ulong)Purpose.Noise, (ulong)step), _plan.Device);
        var times = LowDiscrepancy.Times(rand(1, dtype: float64, device: _plan.Device, generator: generator), settings.BatchSize);
        var eps0 = randn(x.shape, dtype: x.dtype, device: _plan.Device, generator: generator);
        var eps = randn(x.shape, dtype: x.dtype, device: _plan.Device, generator: generator);
        var dropout = settings.Dropout > 0 ? new Dropout(settings.Dropout, Seeds.Mix(_seed, (ulong)Purpose.Dropout, (ulong)step)) : null;

        var noise = _model.Schedule.At(times);
        var variance = _model.Schedule.TrainsOnVariance ? new VarianceGradient(noise) : null;
        var parts = _model.Bounds.All(
            x, variance?.Cut ?? noise, eps0, eps, conditioning: zeros_like(times, dtype: x.dtype), dropout, trainHead: true);
        double unit = _plan.Model.NatsPerBitPerDimension;
        var loss = (parts.Reconstruction + parts.Latent + parts.Diffusion).mean() / unit;
        if (parts.HeadError is not null)
            loss += parts.HeadError.mean(); // of weights that the bound does not reach, and reaches no others
        loss.backward();
        variance?.Backward(parts.Diffusion / unit);

        _optimizer.Step(settings.LearningRate * (step >= settings.WarmUpSteps ? 1 : step / (double)settings.WarmUpSteps));
        _ema.Update(step);
        _losses.Add(parts);
    }

    /// <summary>The scaled images of a step.</summary>
    private Tensor Batch(int step)
    {
        var model = _plan.Model;
        _order.Fill(step, _rows);
        using var pixels = empty([_rows.Length, model.Channels, model.Height, model.Width], dtype: uint8);
        _plan.Images.Gather(_rows, pixels.bytes);
        return _model.Scale(pixels);
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
            state.Add($"weights.{name}", weight);
        foreach (var (name, weight) in _average!.NamedParameters)
            state.Add($"average.{name}", weight);
        return state;
    }

    private static TrainingIdentity Identity(TrainingPlan plan)
    {
        ulong hash = 0;
        for (int row = 0; row < plan.Images.Count; row++)
            hash = Seeds.Mix(hash, Seeds.Hash(plan.Images[row]));
        return new(Encoding.UTF8.GetString(ModelFile.Describe(plan.Model)), plan.Settings, plan.Images.Count, hash);
    }

    public void Dispose()
    {
        _losses.Dispose();
        _optimizer.Dispose();
        _model.Dispose();
        _average?.Dispose();
    }
}
