using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Ranks;

public sealed class RankTrainingTests : IDisposable
{
    private static readonly Dictionary<string, TrainingCases.Result> Alone = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("ranks").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [MpiFact]
    public void Two_processes_train_what_one_does() => CompareProcesses(2);

    [MpiFact]
    public void Four_processes_train_what_one_does() => CompareProcesses(4);

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Several_devices_of_one_process_train_what_one_does(int devices)
    {
        foreach (string name in TrainingCases.All.Keys)
            TrainingCases.Run(name, prepare: trainer => trainer.Devices = [.. Enumerable.Repeat(CPU, devices)]).AssertIs(OneRank(name));
    }

    [MpiFact]
    public void Scores_of_shards_are_those_of_the_whole() => MpiRun.RunToEnd(3, "score");

    [MpiFact]
    public void A_killed_rank_ends_the_training_and_one_process_goes_on_from_its_checkpoint()
    {
        var (output, exitCode) = MpiRun.Run(2, "train-die", _folder);
        Assert.NotEqual(0, exitCode);
        Assert.Contains("lost rank 1 (process ", output, StringComparison.Ordinal);
        Assert.Contains($"after step {TrainingProgram.Steps} of 10000, which '{_folder}' holds", output, StringComparison.Ordinal);
        GoOnAlone();
    }

    [MpiFact]
    public void A_rank_that_is_asked_to_end_ends_all_after_the_same_step_and_a_checkpoint()
    {
        var (output, exitCode) = MpiRun.Run(2, "train-term", _folder);
        Assert.NotEqual(0, exitCode);
        Assert.Contains("The training was cancelled after step ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("gives up", output, StringComparison.Ordinal);
        GoOnAlone();
    }

    [MpiFact]
    public void Ranks_with_different_images_are_refused()
    {
        var (output, exitCode) = MpiRun.Run(2, "train-different");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("Rank 1 is to train something else than rank 0: the training images are others", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_device_needs_an_image()
    {
        var trainer = Trainer(o => o.BatchSize = 1);
        trainer.Devices = [CPU, CPU];
        var error = Assert.Throws<InvalidOperationException>(() => trainer.Fit(TrainingCases.Data(new MLContext())));
        Assert.Contains("BatchSize, the images of a step for all ranks together, is 1, and there are 2 ranks", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cancelled_training_on_several_devices_is_saved_once_and_goes_on()
    {
        using var stop = new CancellationTokenSource();
        var trainer = Trainer(o =>
        {
            (o.CheckpointFolder, o.CancellationToken, o.Seed) = (_folder, stop.Token, 3);
            o.Progress = new Training.TrainingRuns.Callback(_ => stop.Cancel());
        });
        trainer.Devices = [CPU, CPU, CPU];
        Assert.Throws<OperationCanceledException>(() => trainer.Fit(TrainingCases.Data(new MLContext())));
        Assert.Single(Directory.GetFiles(_folder));
        GoOnAlone(after: 0);
    }

    [Fact]
    public void Several_devices_have_no_optimal_variance()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Trainer(o => (o.GpuDeviceIds, o.Depth, o.Variance) = ([0, 1], 5, StepVariance.Optimal)));
        Assert.Contains("Variance is Optimal, which compares the images of a whole batch, and GpuDeviceIds names 2 GPUs", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new int[0])]
    [InlineData(new[] { 0, 1, 0 })]
    public void GPUs_are_named_once_each(int[] ids)
        => Assert.Contains("expected the numbers of GPUs", Assert.Throws<ArgumentOutOfRangeException>(() => Trainer(o => o.GpuDeviceIds = ids)).Message, StringComparison.Ordinal);

    [Fact]
    public void Missing_GPUs_are_named_by_the_option()
    {
        var ml = new MLContext();
        var trainer = Trainer(o => o.GpuDeviceIds = [998, 999]);
        var error = Assert.Throws<InvalidOperationException>(() => trainer.Fit(TrainingCases.Data(ml)));
        Assert.StartsWith("The option GpuDeviceIds is 998, but ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_is_a_rank_or_has_several_devices()
    {
        using var group = RankGroup.Mpi();
        Assert.Throws<ArgumentOutOfRangeException>(() => Trainer(o => (o.Ranks, o.GpuDeviceIds) = (group, [0])));
    }

    private static DiffEncTrainer Trainer(Action<DiffEncTrainer.Options> change)
    {
        var options = TrainingCases.Options("uneven");
        change(options);
        return new MLContext().Generative().DiffEnc(options);
    }

    private static TrainingCases.Result OneRank(string name)
        => Alone.TryGetValue(name, out var known) ? known : Alone[name] = TrainingCases.Run(name);

    private void CompareProcesses(int ranks)
    {
        MpiRun.RunToEnd(ranks, "train", _folder);
        foreach (string name in TrainingCases.All.Keys)
            TrainingCases.Result.Read(Path.Combine(_folder, name)).AssertIs(OneRank(name));
    }

    /// <summary>To where a training ends that was never interrupted.</summary>
    private void GoOnAlone(int after = TrainingProgram.Steps)
    {
        float[] weights = [.. TrainingCases.Run("uneven", prepare: null).Weights];
        var ml = new MLContext(seed: 3);
        var options = TrainingCases.Options("uneven");
        options.CheckpointFolder = _folder;
        int first = 0;
        options.Progress = new Training.TrainingRuns.Callback(p => first = first == 0 ? p.Step : first);
        using var model = ml.Generative().DiffEnc(options).Fit(TrainingCases.Data(ml));
        Assert.True(first > after);
        float[] resumed = [.. Training.TrainingRuns.Weights(model).OrderBy(w => w.Key, StringComparer.Ordinal).SelectMany(w => w.Value)];
        Assert.True(weights.Zip(resumed, (a, b) => Math.Abs(a - b)).Max() < 2e-4);
    }
}
