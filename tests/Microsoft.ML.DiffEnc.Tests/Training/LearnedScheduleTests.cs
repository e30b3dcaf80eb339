using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public sealed class LearnedScheduleTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 5);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-schedule");

    public static TheoryData<NoiseScheduleKind> Learned => [NoiseScheduleKind.TrainedEndPoints, NoiseScheduleKind.Monotone];

    public void Dispose() => _folder.Delete(recursive: true);

    private static DiffEncTrainer.Options Options(NoiseScheduleKind kind, int steps)
    {
        var options = TrainingRuns.Options(steps);
        options.NoiseSchedule = kind;
        return options;
    }

    private DiffEncTransformer Train(DiffEncTrainer.Options options) => _ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(_ml, 100));

    private static Dictionary<string, float[]> OfSchedule(DiffEncTransformer model)
        => TrainingRuns.Weights(model).Where(w => w.Key.StartsWith("schedule.", StringComparison.Ordinal)).ToDictionary();

    [Theory]
    [MemberData(nameof(Learned))]
    public void Training_moves_every_part_of_a_learned_schedule(NoiseScheduleKind kind)
    {
        // The learning rate of the first step is 0.
        using var untrained = Train(Options(kind, steps: 1));
        using var trained = Train(Options(kind, steps: 20));
        var (before, after) = (OfSchedule(untrained), OfSchedule(trained));
        Assert.NotEmpty(before);
        Assert.All(before, weight => Assert.NotEqual(weight.Value, after[weight.Key]));
        double start = trained.Model.Schedule.GammaAt(0, TorchSharp.torch.CPU).item<double>();
        if (kind == NoiseScheduleKind.Monotone)
            Assert.Equal(-13.3, start);
        else
            Assert.NotEqual(-13.3, start, 1e-4);
    }

    [Theory]
    [MemberData(nameof(Learned))]
    public void An_interrupted_training_goes_on_to_the_bits_of_an_uninterrupted_one(NoiseScheduleKind kind)
    {
        using var straight = Train(Options(kind, steps: 8));
        var options = Options(kind, steps: 8);
        options.CheckpointFolder = _folder.FullName;
        options.CheckpointEverySteps = 4;
        using (Train(options))
            File.Delete(Path.Combine(_folder.FullName, "checkpoint-000000008.safetensors"));
        Assert.Equal("checkpoint-000000004.safetensors", Assert.Single(_folder.GetFiles()).Name);
        using var resumed = Train(options);
        Assert.Equal(TrainingRuns.Weights(straight), TrainingRuns.Weights(resumed));
    }

    [Theory]
    [MemberData(nameof(Learned))]
    public void Steps_leave_no_tensors_behind(NoiseScheduleKind kind)
    {
        var counts = new Dictionary<int, long>();
        var options = Options(kind, steps: 20);
        options.Progress = new TrainingRuns.Callback(p => counts[p.Step] = TorchSharp.torch.Tensor.TotalCount);
        options.ValidationSet = TrainingRuns.Discs(_ml, 4, seed: 3);
        options.ValidateEverySteps = 5;
        using (Train(options))
            Assert.Equal(counts[10], counts[15]);
    }
}
