using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Persistence;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers;

public sealed class MemoryTests : IDisposable
{
    private const double Megabyte = 1 << 20;

    // Beside weights: what the allocator rounds up, and the initial values of the largest weight while they are made.
    private const double Share = 0.1;

    // The runtime takes and frees a few megabytes of its own now and then; what is looked for would be there each time.
    private const int Times = 3;

    private readonly MLContext _ml = new(seed: 5);
    private readonly DiffEncModel _model = DiffEncModel.Create(
        Models.Describe(EncoderKind.None, TrainingRuns.Side) with { Denoiser = NetworkSize.Of(96, 6, 32) });

    private double Weights => _model.NamedParameters.Values.Sum(w => w.numel()) * sizeof(float) / Megabyte;

    public void Dispose() => _model.Dispose();

    [LinuxFact]
    public void While_a_model_is_loaded_its_weights_are_there_once()
    {
        using var file = new MemoryStream();
        ModelFile.WriteWithDescription(file, _model);
        using var description = new MemoryStream(ModelFile.Describe(_model.Description));
        Assert.True(Weights > 10, $"The weights have {Weights:F1} MB: too few to tell.");
        Assert.InRange(NativeMemory.Usual(() => Load().Meanwhile), Weights * (1 - Share), Weights * (1 + Share));
        Assert.InRange(NativeMemory.Usual(() => Load().Afterwards), Weights * (1 - Share), Weights * (1 + Share));

        (double Meanwhile, double Afterwards) Load()
        {
            (file.Position, description.Position) = (0, 0);
            using var watched = new WatchedStream(file);
            var (tensors, before) = NativeMemory.Held();
            using var loaded = ModelFile.Read(description, watched);
            var after = NativeMemory.Held();
            using DiffEncModel fresh = DiffEncModel.CreateUnset(_model.Description);
            Assert.InRange(after.Tensors - tensors, loaded.NamedParameters.Count, NativeMemory.Held().Tensors - after.Tensors);
            Assert.All(loaded.NamedParameters, w => Assert.True(w.Value.equal(_model.NamedParameters[w.Key]).all().item<bool>(), w.Key));
            return (watched.MostMegabytes - before, after.Megabytes - before);
        }
    }

    [LinuxFact]
    public void Transformers_of_one_model_share_its_weights()
    {
        using var transformer = new DiffEncTransformer(_ml, _model.Clone(), Scoring.Settings);
        IDataView images = TrainingRuns.Discs(_ml, 40);
        var options = new AnomalyOptions { Score = AnomalyScore.LossDensity, FalsePositiveRate = 0.1, ProfileTimes = [0.2f, 0.8f], ProfileDraws = 1 };
        IDisposable[] Others() =>
        [
            _ml.Generative().DetectAnomalies(transformer, options).Fit(images), _ml.Generative().Representations(transformer).Fit(images),
            transformer.ConditionedOn(null),
        ];
        for (int i = 0; i < 2; i++)
            Array.ForEach(Others(), other => other.Dispose()); // what libtorch keeps of first passes
        double added = Enumerable.Range(0, Times).Min(_ =>
        {
            var before = NativeMemory.Held();
            IDisposable[] others = Others();
            var after = NativeMemory.Held();
            Array.ForEach(others, other => other.Dispose());
            Assert.Equal(before.Tensors, after.Tensors);
            return after.Megabytes - before.Megabytes;
        });
        Assert.InRange(added, -Weights, 0.1 * Weights);
    }

    [LinuxFact]
    public void After_a_training_only_the_averaged_weights_are_left()
    {
        var options = TrainingRuns.Options(steps: 1);
        (options.DenoiserWidth, options.DenoiserBlocks, options.Encoder) = (96, 6, EncoderKind.None);
        for (int i = 0; i < 4; i++)
            _ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(_ml, 20)).Dispose(); // libtorch and the runtime keep some megabytes of the first trainings
        double held = NativeMemory.Usual(() =>
        {
            double before = NativeMemory.Held().Megabytes;
            using DiffEncTransformer trained = _ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(_ml, 20));
            double weights = trained.Model.NamedParameters.Values.Sum(w => w.numel()) * sizeof(float) / Megabyte;
            Assert.All(trained.Model.NamedParameters.Values, w => Assert.Null(w.grad));
            return (NativeMemory.Held().Megabytes - before) / weights;
        });
        Assert.InRange(held, 1 - Share, 1 + Share);
    }

    [LinuxFact]
    public void Scoring_leaves_no_memory_behind()
    {
        using DiffEncTransformer transformer = Scoring.Transformer(_ml);
        IDataView images = _ml.Data.LoadFromEnumerable(Pictures.VectorRows(200));
        void Score(int times)
        {
            for (int i = 0; i < times; i++)
                Scoring.Scores(_ml, transformer.Transform(images));
        }
        Score(3); // the runtime compiles, and libtorch keeps kernels
        var before = NativeMemory.Held();
        var after = Enumerable.Range(0, Times).Select(_ =>
        {
            Score(2);
            return NativeMemory.Held();
        }).ToArray();
        Assert.All(after, held => Assert.Equal(before.Tensors, held.Tensors));
        double[] more = [.. after.Prepend(before).Zip(after, (one, next) => next.Megabytes - one.Megabytes)];
        Assert.InRange(more.Min(), -10, 0.5);
    }

    /// <summary>Looks at the native memory in use whenever it is read from.</summary>
    private sealed class WatchedStream(Stream stream) : Stream
    {
        public double MostMegabytes { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => stream.Position; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            int read = stream.Read(buffer);
            MostMegabytes = Math.Max(MostMegabytes, NativeMemory.Now().Megabytes);
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
