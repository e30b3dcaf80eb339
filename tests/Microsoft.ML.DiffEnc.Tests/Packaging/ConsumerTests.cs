using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Packaging;

/// <summary>What a user's project gets from the package alone.</summary>
public sealed class ConsumerTests(ConsumerProgram consumer) : IClassFixture<ConsumerProgram>
{
    [Fact]
    public void Consumer_of_the_package_computes_with_torch() => Assert.Contains("sum 10", consumer.Run(["torch"]), StringComparison.Ordinal);

    [Fact]
    public void Library_loads_libtorch_in_a_consumer_of_the_package() => Assert.Contains("sum 10", consumer.Run(["load"]), StringComparison.Ordinal);

    [Fact]
    public void Consumer_without_libtorch_is_told_which_package_to_add_or_uses_an_installed_one()
    {
        using var moved = new MovedLibTorch(consumer.Output);
        string refusal = consumer.Run(["load"]);
        Assert.Contains("refused", refusal, StringComparison.Ordinal);
        Assert.Contains("TorchSharp-cpu", refusal, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(consumer.Output, "cpu")), "TorchSharp's own loader copied libtorch into the program's folder.");

        Assert.Contains("sum 10", consumer.Run(["load"], ("DIFFENC_LIBTORCH", moved.Folder)), StringComparison.Ordinal);
        Assert.Contains("has no", consumer.Run(["load"], ("DIFFENC_LIBTORCH", consumer.Output)), StringComparison.Ordinal);
    }

    /// <summary>Takes libtorch out of the program's folder until disposed. Tests of one class run one after the other.</summary>
    private sealed class MovedLibTorch : IDisposable
    {
        private readonly string _output;

        public MovedLibTorch(string output)
        {
            _output = output;
            Folder = Directory.CreateDirectory(Path.Combine(output, "installed", "lib")).FullName;
            foreach (string file in Directory.EnumerateFiles(output).Where(IsLibTorch).ToArray())
                File.Move(file, Path.Combine(Folder, Path.GetFileName(file)));
        }

        public string Folder { get; }

        public void Dispose()
        {
            foreach (string file in Directory.EnumerateFiles(Folder).ToArray())
                File.Move(file, Path.Combine(_output, Path.GetFileName(file)));
        }

        private static bool IsLibTorch(string file) =>
            new[] { "libtorch", "torch", "libc10", "c10", "libgomp", "libomp", "libiomp" }
                .Any(name => Path.GetFileName(file).StartsWith(name, StringComparison.Ordinal)) && Path.GetExtension(file) is not ".json";
    }
}
