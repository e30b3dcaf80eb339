using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks.Measuring;

/// <summary>Training steps as the trainer makes them: batch, losses, gradients, optimiser, average.</summary>
internal sealed class TrainingMeasure : IDisposable
{
    private readonly TrainingLoop _loop;
    private readonly Clock _clock;
    private readonly PhaseClock _phases;
    private int _step;

    public TrainingMeasure(ModelDescription model, int images, int batch, Device device, TrainingPrecision precision)
    {
        _clock = new Clock(device);
        _phases = new PhaseClock(_clock);
        _loop = new TrainingLoop(Plan(model, images, batch, device, precision) with { Observer = _phases }, new Silent());
    }

    /// <summary>Seconds of one step.</summary>
    public double Step() => _clock.Time(OneStep);

    /// <summary>Seconds of the parts of one step, by name.</summary>
    public Dictionary<string, double> Split() => _phases.Split(OneStep);

    public void Dispose() => _loop.Dispose();

    private void OneStep() => _loop.Step(_step++);

    private static TrainingPlan Plan(ModelDescription model, int images, int batch, Device device, TrainingPrecision precision) => new()
    {
        Model = model,
        Settings = new TrainingSettings
        {
            BatchSize = batch,
            LearningRate = 2e-4,
            WarmUpSteps = 100,
            WeightDecay = 0.01,
            EmaDecay = 0.9999,
            EmaRamp = false,
            Dropout = 0.1,
            Precision = precision,
            Seed = 1,
        },
        Images = NoiseImages.Table(model, images),
        Steps = int.MaxValue,
        ValidateEverySteps = int.MaxValue,
        CheckpointEverySteps = int.MaxValue,
        Device = device,
    };

    private sealed class Silent : ITrainingLog
    {
        public void Info(string message)
        {
        }

        public void Warning(string message)
        {
        }

        public void Report(TrainingProgress progress)
        {
        }
    }
}
