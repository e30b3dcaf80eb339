using System.Buffers.Binary;
using System.Text.Json;
using AnomalyDetection;
using Microsoft.ML.DiffEnc.Tests.Packaging;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Samples;

/// <summary>The sample as a user runs it, with a training of two steps.</summary>
public sealed class AnomalyDetectionTests : IDisposable
{
    private static readonly string _program = Path.Combine(
        TestPaths.RepositoryRoot, "samples", "AnomalyDetection", "bin", TestPaths.Configuration, "net10.0", "AnomalyDetection.dll");

    private readonly string _folder = Directory.CreateTempSubdirectory("diffenc-anomalies-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_detector_is_trained_compared_saved_and_loaded_with_equal_scores()
    {
        string printed = Run(0, "--steps", "2", "--calibration", "40", "--test-images", "5", "--json", "figures.json", "--output", "out");

        Assert.Contains("scores differ by at most 0.", printed, StringComparison.Ordinal);
        Assert.All(["most-anomalous.png", "roc.png"], file => Assert.True(new FileInfo(Path.Combine(_folder, "out", file)).Length > 1000, file));
        using var figures = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "figures.json")));
        JsonElement methods = figures.RootElement.GetProperty("methods");
        Assert.Equal(["default score", "bits/dim", "RandomizedPca"], methods.EnumerateArray().Select(m => m.GetProperty("name").GetString()!));
        Assert.All(methods.EnumerateArray(), m => Assert.Equal(5, m.GetProperty("kinds").GetArrayLength()));
        // ML.NET's own evaluation of the same columns.
        Assert.Equal(
            methods[0].GetProperty("all").GetProperty("areaUnderRocCurve").GetDouble(),
            figures.RootElement.GetProperty("stock").GetProperty("areaUnderRocCurve").GetDouble(), 1e-6);

        ITransformer loaded = new MLContext().Model.Load(Path.Combine(_folder, "out", "detector.zip"), out _);
        using var detector = Assert.IsType<AnomalyTransformer>(((IEnumerable<ITransformer>)loaded).Last());
        double threshold = figures.RootElement.GetProperty("thresholds")[0].GetProperty("threshold").GetDouble();
        Assert.Equal(detector.Threshold, threshold, 1e-6);
    }

    [Fact]
    public void A_left_out_class_that_does_not_exist_and_one_of_pictures_without_classes_are_refused()
    {
        foreach (string set in (string[])["train", "t10k"])
        {
            WriteIdx($"{set}-images-idx3-ubyte", [4, 2, 2], new byte[16]);
            WriteIdx($"{set}-labels-idx1-ubyte", [4], [0, 1, 0, 1]);
        }
        string unknown = Run(2, "--data", "mnist", "--path", ".", "--leave-out", "7");
        Assert.Contains("--leave-out names 7, but the training data have the classes 0, 1", unknown, StringComparison.Ordinal);
        Assert.Contains("--leave-out is for data with classes", Run(2, "--leave-out", "7"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--model", "none.zip", "Check --model")]
    [InlineData("--false-positive-rate", "1", "expected above 0 and below 1")]
    [InlineData("--calibration", "10", "expected 40 or more")]
    public void A_wrong_option_is_refused_by_name(string option, string value, string words)
        => Assert.Contains(words, Run(2, option, value), StringComparison.Ordinal);

    [Theory]
    [InlineData(0, 20)]
    [InlineData(3, 20)]
    [InlineData(19, 20)]
    public void The_interval_ends_where_the_share_is_as_far_off_as_chance_takes_it(int hits, int trials)
    {
        BinomialInterval interval = BinomialInterval.Of(hits, trials);
        double share = hits / (double)trials;

        Assert.InRange(share, interval.Low, interval.High);
        // Wilson's ends p are the shares for which k/n lies 1.96 standard deviations √(p (1 − p)/n) away.
        foreach (double end in (double[])[interval.Low, interval.High])
            Assert.Equal(1.959964, end is 0 or 1 ? 1.959964 : Math.Abs(share - end) / Math.Sqrt(end * (1 - end) / trials), 1e-6);
        BinomialInterval mirrored = BinomialInterval.Of(trials - hits, trials);
        Assert.Equal(interval.Low, 1 - mirrored.High, 1e-12);
    }

    // The words of a message may be broken over two lines.
    private string Run(int exitCode, params string[] arguments)
    {
        string printed = DotNet.RunTo(exitCode, _folder, [_program, .. arguments], ("OMP_NUM_THREADS", "1"));
        return string.Join(' ', printed.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private void WriteIdx(string name, int[] dimensions, byte[] values)
    {
        var header = new byte[4 + 4 * dimensions.Length];
        (header[2], header[3]) = (8, (byte)dimensions.Length);
        for (int i = 0; i < dimensions.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + 4 * i), dimensions[i]);
        File.WriteAllBytes(Path.Combine(_folder, name), [.. header, .. values]);
    }
}
