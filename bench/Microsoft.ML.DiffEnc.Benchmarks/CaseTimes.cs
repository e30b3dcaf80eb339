using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Training;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks;

/// <summary>Measures one case: whole training steps as the trainer makes them, the forward pass alone, and scoring.</summary>
internal sealed class CaseTimes : IDisposable
{
    private const int Images = 64, ScoredImages = 2;
    private readonly BenchmarkCase _case;
    private readonly TrainingLoop _loop;
    private readonly DiffEncModel _model;
    private readonly LikelihoodScorer _scorer;
    private readonly Tensor _z, _gamma;
    private readonly byte[] _pixels;
    private readonly Likelihood[] _likelihoods = new Likelihood[ScoredImages];
    private int _step;

    public CaseTimes(BenchmarkCase benchmark, Device device)
    {
        _case = benchmark;
        var model = benchmark.Model;
        _loop = new TrainingLoop(Plan(benchmark, device), new Silent());
        _model = DiffEncModel.Create(model, seed: 1);
        _model.To(device);
        _scorer = new LikelihoodScorer(_model, new ScoringDraws(2, 4, Seed: 1));
        _z = randn(benchmark.BatchSize, model.Channels, model.Height, model.Width, device: device);
        _gamma = zeros(benchmark.BatchSize, device: device);
        _pixels = Noise(ScoredImages * model.Dimensions);
        (Step, Forward, Scoring) = (new Timing(device), new Timing(device), new Timing(device));
    }

    public BenchmarkCase Case => _case;

    /// <summary>A whole training step: batch, losses, gradients, optimiser, average.</summary>
    public Timing Step { get; }

    /// <summary>The denoiser alone, on one batch, without gradients.</summary>
    public Timing Forward { get; }

    /// <summary>Two images, 8 evaluations each.</summary>
    public Timing Scoring { get; }

    public double ScoredImagesPerSecond => ScoredImages / Scoring.Median;

    public void WarmUp() => OneStep();

    public void Measure()
    {
        Step.Add(OneStep);
        Forward.Add(() =>
        {
            using var noGradients = no_grad();
            _model.Denoise(_z, _gamma).Dispose();
        });
        Scoring.Add(() => _scorer.Score(_pixels, ScoredImages, _likelihoods));
    }

    public void Dispose()
    {
        _loop.Dispose();
        _model.Dispose();
        _z.Dispose();
        _gamma.Dispose();
    }

    private void OneStep() => _loop.Step(_step++);

    private static TrainingPlan Plan(BenchmarkCase benchmark, Device device)
    {
        var model = benchmark.Model;
        var ml = new MLContext(seed: 1);
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, model.Dimensions);
        var data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, Images).Select(_ => new Row { Image = Noise(model.Dimensions) }), schema);
        var host = ((IHostEnvironment)ml).Register("Benchmark");
        var column = new ImageColumn(nameof(Row.Image), model.Width, model.Height, model.Channels);
        var images = PixelTable.Load(host, data, column, CancellationToken.None);
        return new TrainingPlan
        {
            Model = model,
            Settings = new TrainingSettings
            {
                BatchSize = benchmark.BatchSize,
                LearningRate = 2e-4,
                WarmUpSteps = 100,
                WeightDecay = 0.01,
                EmaDecay = 0.9999,
                EmaRamp = false,
                Dropout = 0.1,
                Seed = 1,
            },
            Images = images,
            Steps = int.MaxValue,
            ValidateEverySteps = int.MaxValue,
            CheckpointEverySteps = int.MaxValue,
            Device = device,
        };
    }

    private static byte[] Noise(int count)
    {
        var pixels = new byte[count];
        new Random(1).NextBytes(pixels);
        return pixels;
    }

    private sealed class Row
    {
        public byte[] Image { get; set; } = [];
    }

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
