using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Pipelines;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Packaging;

/// <summary>What a user's project gets from the package alone.</summary>
public sealed class ConsumerTests(ConsumerProgram consumer, TrainedOnShades trained) : IClassFixture<ConsumerProgram>, IClassFixture<TrainedOnShades>
{
    [Fact]
    public void Consumer_of_the_package_computes_with_torch() => Assert.Contains("sum 10", consumer.Run(["torch"]), StringComparison.Ordinal);

    [Fact]
    public void Library_loads_libtorch_in_a_consumer_of_the_package() => Assert.Contains("sum 10", consumer.Run(["load"]), StringComparison.Ordinal);

    [Fact]
    public void Consumer_without_libtorch_is_told_which_package_to_add_or_uses_an_installed_one()
    {
        using var moved = new MovedLibTorch(consumer.NativeFolder);
        string refusal = consumer.Run(["load"]);
        Assert.Contains("refused", refusal, StringComparison.Ordinal);
        Assert.Contains("TorchSharp-cpu", refusal, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(consumer.Output, "cpu")), "TorchSharp's own loader copied libtorch into the program's folder.");

        Assert.Contains("sum 10", consumer.Run(["load"], ("DIFFENC_LIBTORCH", moved.Folder)), StringComparison.Ordinal);
        Assert.Contains("has no", consumer.Run(["load"], ("DIFFENC_LIBTORCH", consumer.Output)), StringComparison.Ordinal);
    }

    [Fact]
    public void Models_of_every_kind_say_the_same_in_a_process_that_only_loads_them()
    {
        string images = consumer.PathOf("images.tsv"), folder = Directory.CreateDirectory(consumer.PathOf("models")).FullName;
        Shades.WriteText(images, Shades.Rows(6));
        MLContext ml = trained.ML;
        IDataView data = ml.Data.LoadFromTextFile(
            images, [new TextLoader.Column("Label", DataKind.String, 0), new TextLoader.Column("Image", DataKind.Single, 1, 64)]);
        var expected = new Dictionary<string, float[][]>();
        foreach (var (name, step) in PipelineStep.All)
        {
            // The loading process knows images, and no labels.
            using var chain = new EstimatorChain<ITransformer>()
                .Append(ml.Transforms.Conversion.MapValueToKey("Label"), TransformerScope.TrainTest)
                .Append(step.Create(ml.Generative(), trained.Model)).Append(step.Behind(ml)).Fit(data);
            expected[name] = [.. chain.Transform(data).GetColumn<float[]>(PipelineStep.Values)];
            ml.Model.Save(chain.GetModelFor(TransformerScope.Scoring), data.Schema, Path.Combine(folder, name + ".zip"));
        }

        // With as many threads as here: the same bits.
        consumer.Run(["score", images, folder], ("OMP_NUM_THREADS", $"{TorchSharp.torch.get_num_threads()}"));
        foreach (var (name, rows) in expected)
        {
            string[] found = File.ReadAllLines(Path.Combine(folder, name + ".tsv"));
            Assert.Equal(rows.Length, found.Length);
            foreach (var (row, line) in rows.Zip(found))
                Assert.Equal(row, line.Split('\t').Select(value => float.Parse(value, CultureInfo.InvariantCulture)));
        }
    }

    /// <summary>Takes libtorch out of the program's reach until disposed. Tests of one class run one after the other.</summary>
    private sealed class MovedLibTorch : IDisposable
    {
        private readonly string _nativeFolder;

        public MovedLibTorch(string nativeFolder)
        {
            _nativeFolder = nativeFolder;
            Folder = Directory.CreateDirectory(Path.Combine(nativeFolder, "installed", "lib")).FullName;
            Move(_nativeFolder, Folder, file => !file.Contains("TorchSharp", StringComparison.Ordinal));
        }

        /// <summary>Where it is now: it looks like an installed one.</summary>
        public string Folder { get; }

        public void Dispose() => Move(Folder, _nativeFolder, _ => true);

        private static void Move(string from, string to, Predicate<string> which)
        {
            foreach (string name in Directory.GetFiles(from).Select(file => Path.GetFileName(file)).Where(name => which(name)))
                File.Move(Path.Combine(from, name), Path.Combine(to, name));
        }
    }
}
