using System.Text.Json;
using Microsoft.ML.DiffEnc.Tests.Packaging;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Bench;

/// <summary>The benchmark as a user runs it, in its short form.</summary>
public sealed class BenchmarkTests : IDisposable
{
    private static readonly string _program = Path.Combine(
        TestPaths.RepositoryRoot, "bench", "Microsoft.ML.DiffEnc.Benchmarks", "bin", TestPaths.Configuration, "net10.0", "Microsoft.ML.DiffEnc.Benchmarks.dll");

    private readonly string _folder = Directory.CreateTempSubdirectory("diffenc-benchmark-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Short_form_measures_training_scoring_and_memory_of_models_without_and_with_encoder()
    {
        DotNet.Run(_folder, [_program, "--short", "--models", "VDM", "DiffEnc-multi", "--threads", "1", "--json", "figures.json"]);

        using var figures = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder, "figures.json")));
        var measurements = figures.RootElement.GetProperty("measurements").EnumerateArray().ToArray();
        Assert.Equal(["VDM", "DiffEnc-multi"], measurements.Select(m => m.GetProperty("model").GetString()));
        foreach (var m in measurements)
        {
            Assert.All(Numbers(m.GetProperty("peakConvolutionGflops")), speed => Assert.InRange(speed, 0.01, 1e6));
            foreach (string series in new[] { "stepSeconds", "forwardSeconds", "secondsPerScoredImage" })
                Assert.All(Numbers(m.GetProperty(series)), seconds => Assert.InRange(seconds, 1e-6, 100));
            Assert.Equal(2, m.GetProperty("stepSeconds").GetArrayLength());
            var parts = m.GetProperty("partSeconds").EnumerateObject();
            Assert.Equal(["Backward", "Data", "Forward", "Update"], parts.Select(p => p.Name).Order());
            Assert.All(parts, part => Assert.All(Numbers(part.Value), seconds => Assert.InRange(seconds, 1e-9, 100)));
            if (OperatingSystem.IsLinux())
            {
                var memory = m.GetProperty("trainingMegabytes");
                Assert.InRange(memory.GetProperty("steady").GetDouble(), 50, memory.GetProperty("peak").GetDouble());
            }
        }
        Assert.Empty(Numbers(measurements[0].GetProperty("encoderSeconds")));
        Assert.All(Numbers(measurements[1].GetProperty("encoderSeconds")), seconds => Assert.InRange(seconds, 1e-6, 100));
    }

    [Fact]
    public void Kernels_are_timed_beside_libtorchs_operations()
    {
        string output = DotNet.Run(_folder, [_program, "kernels", "--channels", "16", "--side", "16", "--batch", "1", "--rounds", "2", "--threads", "1"]);
        foreach (string part in new[] { "norm, swish, dropout", "convolution 3×3, with its derivative", "32 → 16", "attention" })
            Assert.Contains(part, output, StringComparison.Ordinal);
    }

    [PeerFact]
    public void PyTorch_peer_computes_our_losses_and_gradients()
    {
        DotNet.Run(_folder, [_program, "--short", "--check", "--peer", PeerFactAttribute.Python!, "--threads", "1", "--json", "figures.json"]);

        using var figures = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(_folder, "figures.json")));
        var checks = figures.RootElement.GetProperty("checks").EnumerateArray().ToArray();
        Assert.Equal(["VDM", "DiffEnc-plain", "DiffEnc-multi"], checks.Select(c => c.GetProperty("model").GetString()));
        foreach (var check in checks)
        {
            Assert.InRange(check.GetProperty("exact").GetProperty("losses").GetDouble(), 0, 1e-10);
            Assert.InRange(check.GetProperty("exact").GetProperty("gradients").GetDouble(), 0, 1e-8);
            Assert.InRange(check.GetProperty("asTrained").GetProperty("losses").GetDouble(), 1e-12, 5e-3);
            Assert.InRange(check.GetProperty("asTrained").GetProperty("gradients").GetDouble(), 1e-12, 5e-3);
        }
    }

    [Fact]
    public void A_peer_that_is_not_there_is_named()
        => Assert.Contains(
            "'no-such-python' could not be started", DotNet.RunTo(1, _folder, [_program, "--short", "--check", "--peer", "no-such-python"]), StringComparison.Ordinal);

    [Theory]
    [InlineData("31x31x3", "expected SIDExSIDExCHANNELS")]
    [InlineData("32x32x2", "expected SIDExSIDExCHANNELS")]
    public void A_size_that_the_networks_do_not_take_is_refused(string size, string message)
        => Assert.Contains(message, DotNet.RunTo(1, _folder, [_program, "--images", size]), StringComparison.Ordinal);

    [Fact]
    public void A_model_that_is_not_there_is_refused_with_those_that_are()
        => Assert.Contains("DiffEnc-8-4", DotNet.RunTo(1, _folder, [_program, "--models", "VDM-9"]), StringComparison.Ordinal);

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetDouble())];
}
