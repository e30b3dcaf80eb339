using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Packaging;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Samples;

/// <summary>The sample as a user runs it, on a checkpoint that is written here.</summary>
public sealed class ReferenceCheckpointTests : IDisposable
{
    private static readonly string _program = Path.Combine(
        TestPaths.RepositoryRoot, "samples", "ReferenceCheckpoint", "bin", TestPaths.Configuration, "net10.0", "ReferenceCheckpoint.dll");

    private readonly string _folder = Directory.CreateTempSubdirectory("diffenc-reference-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Without_a_checkpoint_it_says_where_to_get_one()
        => Assert.Contains("https://doi.org/10.11583/DTU.c.7065284", DotNet.RunTo(1, _folder, [_program]), StringComparison.Ordinal);

    [Fact]
    public void Two_checkpoints_in_one_folder_are_refused_by_name()
    {
        File.WriteAllText(Path.Combine(_folder, "state_1"), "");
        File.WriteAllText(Path.Combine(_folder, "state_2"), "");
        Assert.Contains("state_1, state_2", DotNet.RunTo(2, _folder, [_program, ".", "--data", "."]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_is_scored_and_its_model_saved_for_NET_and_PyTorch()
    {
        string training = Directory.CreateDirectory(Path.Combine(_folder, "training")).FullName;
        using DiffEncModel written = ReferenceFiles.Write(
            Path.Combine(training, "state_800000"), Path.Combine(training, "config_model_VDM2_V.json"), "VDM2_V");
        File.WriteAllText(Path.Combine(training, "config_train.json"), "{}");
        string pictures = Directory.CreateDirectory(Path.Combine(_folder, "pictures")).FullName;
        for (int i = 0; i < 3; i++)
        {
            using MLImage picture = Pictures.Image(Pictures.Pixels(i), 8, 8);
            picture.Save(Path.Combine(pictures, $"{i}.png"));
        }

        string printed = DotNet.Run(_folder,
            [_program, training, "--data", pictures, "--size", "8", "--draws", "2", "--times", "2",
             "--samples", "2", "--steps", "2", "--output", "out"],
            ("OMP_NUM_THREADS", "1"));
        Assert.Contains("3 pictures × 2 draws × 2 times = 12 evaluations", printed, StringComparison.Ordinal);
        Assert.Contains("2 pictures × 2 steps = 4 evaluations", printed, StringComparison.Ordinal);
        Assert.True(new FileInfo(Path.Combine(_folder, "out", "pictures.png")).Length > 1000);

        var ml = new MLContext();
        ITransformer loaded = ml.Model.Load(Path.Combine(_folder, "out", "model.zip"), out _);
        using var owner = (IDisposable)loaded;
        var model = DiffEncTransformer.FindIn(loaded);
        LikelihoodReport report = ml.Generative().Report(
            model, loaded.Transform(ml.Data.LoadFromImageFolder(pictures)), new() { Draws = 2, TimesPerDraw = 2 });
        Assert.Contains($"{report.BitsPerDimension.Mean:F4} ± {report.BitsPerDimension.StandardError:F4}", printed, StringComparison.Ordinal);

        using var same = ml.Generative().LoadSafetensors(Path.Combine(_folder, "out", "weights.safetensors"), "Image");
        foreach (var (name, weight) in written.NamedParameters)
            Assert.Equal(weight.data<float>().ToArray(), same.Model.NamedParameters[name].data<float>().ToArray());
    }
}
