using System.Runtime.InteropServices;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Training;
using Microsoft.ML.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Training;

/// <summary>A step computed in slices of its batch is the step computed at once.</summary>
public class SliceTests
{
    private readonly MLContext _ml = new(seed: 5);

    [Theory]
    [InlineData(EncoderKind.Trainable, NoiseScheduleKind.Monotone, 5, null)] // 16 = 5 + 5 + 5 + 1
    [InlineData(EncoderKind.None, NoiseScheduleKind.FixedLinear, 1, null)]
    [InlineData(EncoderKind.Trainable, NoiseScheduleKind.FixedLinear, 6, 50)]
    public void Gradients_of_slices_add_up_to_the_batch_s(EncoderKind encoder, NoiseScheduleKind schedule, int most, int? depth)
    {
        var description = Models.Describe(encoder, TrainingRuns.Side) with { NoiseSchedule = schedule };
        using var scope = NewDisposeScope();
        (double[] Losses, Dictionary<string, Tensor> Gradients) Compute(int? micro)
        {
            var model = Models.Create(description);
            var losses = new GradientStep(model, Plan(description, depth, micro), BatchSlice.Whole(16), new Silent()).Compute(step: 3);
            return (losses.data<double>().ToArray(), model.NamedParameters.ToDictionary(p => p.Key, p => p.Value.grad!));
        }
        var (whole, inSlices) = (Compute(null), Compute(most));
        foreach (var (expected, found) in whole.Losses.Zip(inSlices.Losses))
            Assert.Equal(expected, found, 1e-10 * Math.Abs(expected));
        double scale = whole.Gradients.Values.Max(g => g.abs().max().item<double>());
        foreach (var (name, gradient) in whole.Gradients)
        {
            double far = (gradient - inSlices.Gradients[name]).abs().max().item<double>();
            Assert.True(far <= 1e-12 * scale + 1e-9 * gradient.abs().max().item<double>(), $"{name}: {far} apart");
        }
    }

    [Fact]
    public void Masks_of_a_slice_are_those_that_it_has_in_the_whole_batch()
    {
        using var scope = NewDisposeScope();
        const int batch = 7;
        var slice = new BatchSlice(2, 3, batch);
        Tensor Masks(BatchSlice? of, long images) => new Dropout(0.5, 9, of).Apply(new Dual(ones(images, 5, 3, 3))).Value;
        Assert.True(Masks(null, batch).narrow(0, 2, 3).equal(Masks(slice, 3)).all().item<bool>());
        var twice = Masks(null, 2 * batch); // at two times t
        Assert.True(cat([twice.narrow(0, 2, 3), twice.narrow(0, batch + 2, 3)]).equal(Masks(slice, 6)).all().item<bool>());
    }

    [Fact]
    public void Out_of_memory_halves_the_slices_and_changes_nothing_else()
    {
        var options = TrainingRuns.Options(steps: 3);
        var whole = Weights(options);
        var messages = new List<string>();
        _ml.Log += (_, e) => messages.Add(e.Message);
        var memory = new ScarceMemory(most: 4);
        AssertClose(whole, Weights(options, observer: memory));
        Assert.Equal(4, memory.Largest);
        Assert.Contains(messages, m => m.Contains("Out of memory in step 1", StringComparison.Ordinal) && m.Contains("8 at a time", StringComparison.Ordinal));
        Assert.Contains(messages, m => m.Contains("4 at a time", StringComparison.Ordinal));
    }

    [Fact]
    public void Out_of_memory_with_one_image_is_an_error()
    {
        var error = Assert.ThrowsAny<ExternalException>(() => Weights(TrainingRuns.Options(steps: 1), observer: new ScarceMemory(most: 0)));
        Assert.Contains("can't allocate memory", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_that_a_collection_has_spoilt_is_computed_again_as_if_it_had_not()
    {
        var options = TrainingRuns.Options(steps: 3);
        var collector = new Collector();
        Assert.Equal(Weights(options), Weights(options, observer: collector));
        Assert.Equal(2, collector.Spoilt);
    }

    [Fact]
    public void Slices_and_a_variance_of_the_whole_batch_are_refused_together()
    {
        var options = TrainingRuns.Options(steps: 1);
        (options.Depth, options.Variance, options.MicroBatchSize) = (10, StepVariance.Optimal, 4);
        Assert.Contains("MicroBatchSize", Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Generative().DiffEnc(options)).Message, StringComparison.Ordinal);
        (options.Depth, options.Variance, options.MicroBatchSize) = (null, StepVariance.Posterior, 0);
        Assert.Contains("MicroBatchSize", Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Generative().DiffEnc(options)).Message, StringComparison.Ordinal);
    }

    private TrainingPlan Plan(ModelDescription model, int? depth, int? micro)
    {
        var host = ((IHostEnvironment)_ml).Register("Slices");
        var column = new ImageColumn("Image", model.Width, model.Height, model.Channels);
        return new TrainingPlan
        {
            Model = model,
            Settings = new TrainingSettings
            {
                BatchSize = 16,
                LearningRate = 1e-3,
                WarmUpSteps = 0,
                WeightDecay = 0,
                EmaDecay = 0,
                EmaRamp = false,
                Dropout = 0.2,
                Seed = 3,
                Depth = depth,
            },
            Images = PixelTable.Load(host, TrainingRuns.Discs(_ml, 40), column, CancellationToken.None),
            Steps = 10,
            ValidateEverySteps = 10,
            CheckpointEverySteps = 10,
            MicroBatchSize = micro,
            Device = CPU,
        };
    }

    private Dictionary<string, float[]> Weights(DiffEncTrainer.Options options, Action<DiffEncTrainer.Options>? change = null, IStepObserver? observer = null)
    {
        options = options.Copy();
        change?.Invoke(options);
        var trainer = _ml.Generative().DiffEnc(options);
        trainer.Observer = observer;
        using var model = trainer.Fit(TrainingRuns.Discs(_ml, 40));
        return TrainingRuns.Weights(model);
    }

    /// <summary>Sums in another order: rounding, which AdamW's division makes larger where a gradient is nearly zero.</summary>
    private static void AssertClose(Dictionary<string, float[]> expected, Dictionary<string, float[]> found)
    {
        foreach (var (name, values) in expected)
        {
            double scale = values.Max(Math.Abs), far = values.Zip(found[name]).Max(p => Math.Abs(p.First - p.Second));
            Assert.True(far <= 2e-3 * scale + 1e-4, $"{name}: {far} apart, of {scale}");
        }
    }

    /// <summary>Runs out of memory where more images are computed at once than it has room for.</summary>
    private sealed class ScarceMemory(int most) : IStepObserver
    {
        public int Largest { get; private set; }

        public void Reached(StepPhase phase, BatchSlice slice)
        {
            if (phase != StepPhase.Backward)
                return;
            if (slice.Count > most)
                throw new LibTorchException("[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory");
            Largest = Math.Max(Largest, slice.Count);
        }
    }

    /// <summary>In the middle of the first two attempts at the second step, a collection comes, and libtorch fails.</summary>
    private sealed class Collector : IStepObserver
    {
        private int _backward;

        public int Spoilt { get; private set; }

        public void Reached(StepPhase phase, BatchSlice slice)
        {
            if (phase != StepPhase.Backward || ++_backward is not (2 or 3))
                return;
            Spoilt++;
            GC.Collect();
            throw new LibTorchException("Unknown scalar type.");
        }
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
