using Microsoft.ML.DiffEnc.Tests.Packaging;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Samples;

/// <summary>The sample as a user runs it, with a model that has hardly been trained.</summary>
public sealed class SemiSupervisedTests : IDisposable
{
    private static readonly string _program = Path.Combine(
        TestPaths.RepositoryRoot, "samples", "SemiSupervised", "bin", TestPaths.Configuration, "net10.0", "SemiSupervised.dll");

    private readonly string _folder = Directory.CreateTempSubdirectory("diffenc-labels-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_kind_of_features_is_compared_at_every_number_of_labels_and_neighbours_are_drawn()
    {
        string printed = DotNet.Run(_folder,
            [_program, "--steps", "2", "--training-images", "60", "--test-images", "20", "--labels", "20", "--draws", "2", "--output", "out"],
            ("OMP_NUM_THREADS", "1"));
        Assert.Contains("60 to train on, 20 others", printed, StringComparison.Ordinal);
        string[] table = [.. printed.Split('\n').Where(line => line.StartsWith('│'))];
        Assert.Contains(" 20 │", table[0], StringComparison.Ordinal);
        Assert.Contains(" all 60 │", table[0], StringComparison.Ordinal);
        string[] first = [.. table.Select(row => row.Split('│')[1].TrimEnd())];
        Assert.Equal(
            [" learned from", .. new[] { "L-BFGS", "L-BFGS, standardised", "SDCA" }.SelectMany(
                classifier => new[] { $" {classifier}", "   pixels", "   50 PCA components", "   representation" })],
            first);
        Assert.True(new FileInfo(Path.Combine(_folder, "out", "neighbours.png")).Length > 1000);
        Assert.True(File.Exists(Path.Combine(_folder, "out", "model.zip")));
    }

    [Fact]
    public void What_cannot_be_run_is_refused_before_anything_is_trained()
    {
        Assert.Contains("--data mnist needs --path DIR", DotNet.RunTo(2, _folder, [_program, "--data", "mnist"]), StringComparison.Ordinal);
        Assert.Contains("has no train-images-idx3-ubyte", DotNet.RunTo(2, _folder, [_program, "--data", "mnist", "--path", "."]), StringComparison.Ordinal);
        Assert.Contains("--labels has 3", DotNet.RunTo(2, _folder, [_program, "--labels", "3"]), StringComparison.Ordinal);
    }
}
