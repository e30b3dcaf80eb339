using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Training;
using Microsoft.ML.Transforms;
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
        using var moved = new MovedLibTorch(consumer.NativeFolder);
        string refusal = consumer.Run(["load"]);
        Assert.Contains("refused", refusal, StringComparison.Ordinal);
        Assert.Contains("TorchSharp-cpu", refusal, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(consumer.Output, "cpu")), "TorchSharp's own loader copied libtorch into the program's folder.");

        Assert.Contains("sum 10", consumer.Run(["load"], ("DIFFENC_LIBTORCH", moved.Folder)), StringComparison.Ordinal);
        Assert.Contains("has no", consumer.Run(["load"], ("DIFFENC_LIBTORCH", consumer.Output)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_saved_here_scores_the_same_in_a_process_that_only_loads_it()
    {
        var ml = new MLContext(seed: 1);
        string images = consumer.PathOf("images.tsv"), model = consumer.PathOf("model.zip"), scores = consumer.PathOf("scores.txt");
        TrainingRuns.WriteText(images, TrainingRuns.Rows(20));
        IDataView data = ml.Data.LoadFromTextFile(images, [new TextLoader.Column("Pixels", DataKind.Single, 0, 63)]);
        var pipeline = ml.Transforms.CopyColumns("Image", "Pixels")
            .Append(ml.Generative().DiffEnc(TrainingRuns.Options(steps: 3)))
            .Append(ml.Transforms.CopyColumns("Surprise", "Score"));
        using TransformerChain<ColumnCopyingTransformer> trained = pipeline.Fit(data);
        ml.Model.Save(trained, data.Schema, model);

        consumer.Run(["score", model, images, scores]);
        float[] expected = [.. trained.Transform(data).GetColumn<float>("Score")];
        float[] actual = [.. File.ReadLines(scores).Select(line => float.Parse(line, CultureInfo.InvariantCulture))];
        Assert.Equal(20, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
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
