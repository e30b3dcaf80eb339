using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public sealed class CheckpointTests : IDisposable
{
    private static TrainingSettings Settings => TrainingRuns.Settings;

    private static readonly TrainingIdentity Identity = new("{}", Settings, Images: 10, PixelHash: 77);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-checkpoint");
    private readonly Log _log = new();
    private readonly Tensor _tensor;

    public CheckpointTests()
    {
        NativeBackend.EnsureLoaded();
        _tensor = arange(6, dtype: float32);
    }

    private Dictionary<string, Tensor> State => new() { ["t"] = _tensor };

    public void Dispose()
    {
        _tensor.Dispose();
        _folder.Delete(recursive: true);
    }

    private CheckpointFolder Folder(TrainingIdentity? identity = null) => new(_folder.FullName, identity ?? Identity, _log);

    private string[] Names => [.. _folder.GetFiles().Select(f => f.Name).Order(StringComparer.Ordinal)];

    [Fact]
    public void The_newest_two_are_kept_and_the_newest_is_restored()
    {
        for (int step = 1; step <= 3; step++)
        {
            _tensor.fill_(step);
            Folder().Save(step, State);
        }
        Assert.Equal(["checkpoint-000000002.safetensors", "checkpoint-000000003.safetensors"], Names);
        _tensor.fill_(0);
        Assert.Equal(3, Folder().Restore(State));
        Assert.Equal(3, _tensor.mean().item<float>());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(100)]
    [InlineData(-1)] // all but the last byte
    public void A_damaged_checkpoint_is_passed_over_with_a_warning(int bytesLeft)
    {
        Folder().Save(1, State);
        Folder().Save(2, State);
        string newest = Path.Combine(_folder.FullName, Names[^1]);
        byte[] whole = File.ReadAllBytes(newest);
        File.WriteAllBytes(newest, whole[..(bytesLeft < 0 ? whole.Length + bytesLeft : bytesLeft)]);
        Assert.Equal(1, Folder().Restore(State));
        Assert.Contains(_log.Warnings, w => w.Contains(newest, StringComparison.Ordinal));

        foreach (var file in _folder.GetFiles())
            File.WriteAllText(file.FullName, "");
        Assert.Contains("Remove them", Assert.Throws<InvalidOperationException>(() => Folder().Restore(State)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_of_another_training_is_refused_saying_what_differs()
    {
        Folder().Save(1, State);
        void Refused(TrainingIdentity identity, string says)
        {
            var error = Assert.Throws<InvalidOperationException>(() => Folder(identity).Restore(State));
            Assert.Contains(says, error.Message, StringComparison.Ordinal);
            Assert.Contains("CheckpointFolder", error.Message, StringComparison.Ordinal);
        }
        Refused(Identity with { PixelHash = 78 }, "images");
        Refused(Identity with { Settings = Settings with { LearningRate = 2e-3 } }, "LearningRate is 0.002, there 0.001");
        Refused(Identity with { Model = "{\"Width\": 8}" }, "Width");
    }

    [Fact]
    public void A_save_that_fails_leaves_no_half_written_file()
    {
        Folder().Save(1, State);
        using var unsupported = zeros(2, dtype: complex64);
        Assert.ThrowsAny<Exception>(() => Folder().Save(2, new Dictionary<string, Tensor> { ["t"] = _tensor, ["u"] = unsupported }));
        Assert.Equal(["checkpoint-000000001.safetensors"], Names);
    }

    [Fact]
    public void An_empty_or_missing_folder_starts_from_the_beginning()
    {
        Assert.Equal(0, Folder().Restore(State));
        Assert.Equal(0, new CheckpointFolder(Path.Combine(_folder.FullName, "new"), Identity, _log).Restore(State));
    }

    [Fact]
    public void What_a_killed_save_left_is_cleared_away_and_a_damaged_file_does_not_push_out_a_whole_one()
    {
        Folder().Save(1, State);
        File.WriteAllText(Path.Combine(_folder.FullName, "checkpoint-000000007.safetensors.tmp"), "half");
        File.WriteAllText(Path.Combine(_folder.FullName, "checkpoint-000000008.safetensors"), "damaged");
        File.WriteAllText(Path.Combine(_folder.FullName, "checkpoint-000000009.safetensors"), "damaged");
        var folder = Folder();
        Assert.Equal(1, folder.Restore(State));
        folder.Save(2, State);
        Assert.Equal([1, 2, 8, 9], Names.Select(name => name[19] - '0'));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_to_is_refused_by_its_option()
    {
        string file = Path.Combine(_folder.FullName, "a-file");
        File.WriteAllText(file, "");
        var error = Assert.Throws<InvalidOperationException>(() => CheckpointFolder.Prepare(file));
        Assert.Contains("CheckpointFolder", error.Message, StringComparison.Ordinal);
        Assert.Contains(file, error.Message, StringComparison.Ordinal);
        CheckpointFolder.Prepare(Path.Combine(_folder.FullName, "new", "deep"));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder.FullName, "new", "deep")));
    }

    private sealed class Log : ITrainingLog
    {
        public List<string> Warnings { get; } = [];

        public void Info(string message)
        {
        }

        public void Warning(string message) => Warnings.Add(message);

        public void Report(TrainingProgress progress)
        {
        }
    }
}
