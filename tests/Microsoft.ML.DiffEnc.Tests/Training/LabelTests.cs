using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Training;
using Microsoft.ML.Runtime;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Training;

/// <summary>Labels in the training: which are shown, which are refused, and how an interrupted training goes on.</summary>
public sealed class LabelTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 5);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-labels");
    private readonly List<string> _messages = [];

    public LabelTests() => _ml.Log += (_, e) => _messages.Add(e.Message);

    public void Dispose() => _folder.Delete(recursive: true);

    private DiffEncTransformer Train(DiffEncTrainer.Options options, IDataView? data = null)
        => _ml.Generative().DiffEnc(options).Fit(data ?? Shades.Keyed(_ml, Shades.Rows(30)));

    private PixelTable Table(IDataView data)
        => PixelTable.Load(((IHostEnvironment)_ml).Register("test"), data, new ImageColumn("Image", 8, 8, 1), default, new LabelColumn("Label"));

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void The_share_of_labels_that_are_left_out_is_that_asked_for(double share)
    {
        const int steps = 1000, batch = 20;
        var labels = new BatchLabels(Table(Shades.Keyed(_ml, Shades.Rows(3))), share, seed: 7);
        bool[] dropped = [.. Enumerable.Range(0, steps * batch).Select(i => labels.IsDropped(i / batch, i % batch))];
        double sigma = Math.Sqrt(share * (1 - share) / dropped.Length);
        Assert.InRange(dropped.Count(d => d) / (double)dropped.Length, share - 4 * sigma, share + 4 * sigma);
        // Neighbours in a batch and in time are independent.
        foreach (int lag in new[] { 1, batch })
            Assert.Equal(share * share, dropped.Skip(lag).Zip(dropped, (a, b) => a && b ? 1.0 : 0).Average(), 4 * sigma);
    }

    [Fact]
    public void Labels_are_read_as_classes_from_one_and_missing_ones_as_none()
    {
        Shades.Shade[] rows = Shades.Rows(4);
        rows[2].Label = "unheard of";
        var table = Table(Shades.Keyed(_ml, rows));
        Assert.Equal([1, 2, 0, 1], Enumerable.Range(0, 4).Select(table.ClassOf));
        var classes = new float[4];
        new BatchLabels(table, 0, seed: 7).Fill(0, [3, 2, 1, 0], classes);
        Assert.Equal([1f, 0, 2, 1], classes);
    }

    [Fact]
    public void An_interrupted_training_goes_on_to_the_bits_of_an_uninterrupted_one()
    {
        var options = Shades.Options(steps: 8);
        options.LabelDropout = 0.4;
        using var straight = Train(options);
        Assert.Equal(2, straight.Model.Classes);
        options.CheckpointFolder = _folder.FullName;
        options.CheckpointEverySteps = 4;
        using (Train(options))
            File.Delete(Path.Combine(_folder.FullName, "checkpoint-000000008.safetensors"));
        using var resumed = Train(options);
        Assert.Contains(_messages, m => m.Contains("after step 4", StringComparison.Ordinal));
        Assert.Equal(TrainingRuns.Weights(straight), TrainingRuns.Weights(resumed));

        options.LabelDropout = 0.5;
        Assert.Contains("LabelDropout is 0.5", Assert.Throws<InvalidOperationException>(() => Train(options)).Message, StringComparison.Ordinal);
        options.LabelDropout = 0.4;
        Shades.Shade[] others = Shades.Rows(30);
        others[3].Label = "dark";
        var error = Assert.Throws<InvalidOperationException>(() => Train(options, Shades.Keyed(_ml, others)));
        Assert.Contains("labels of the training images are others", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_weights_depend_on_the_labels_and_on_how_many_are_left_out()
    {
        float[] Weights(Action<DiffEncTrainer.Options> change, Shades.Shade[]? rows = null)
        {
            var options = Shades.Options(steps: 6); // until the weights that start at zero let the class through
            options.WarmUpSteps = 0;
            change(options);
            using var model = Train(options, Shades.Keyed(_ml, rows ?? Shades.Rows(30)));
            return TrainingRuns.Weights(model)["denoiser.conv_out.weight"];
        }
        Shades.Shade[] others = Shades.Rows(30);
        others[3].Label = null;
        float[] all = Weights(o => o.LabelDropout = 0);
        Assert.NotEqual(all, Weights(o => o.LabelDropout = 0.9));
        Assert.NotEqual(all, Weights(o => o.LabelDropout = 0, others));
    }

    [Fact]
    public void The_log_says_what_the_labels_are_not_enough_for()
    {
        var options = Shades.Options(steps: 1);
        options.LabelDropout = 0;
        Train(options, Shades.Keyed(_ml, [.. Shades.Rows(30).Where(r => r.Label == "dark")])).Dispose();
        Assert.Contains(_messages, m => m.Contains("No image has the class 'light'", StringComparison.Ordinal));
        Assert.Contains(_messages, m => m.Contains("LabelDropout is 0", StringComparison.Ordinal));
        Assert.Contains(_messages, m => m.Contains("Conditioned on 2 classes", StringComparison.Ordinal));
    }

    [Fact]
    public void Labels_that_cannot_be_used_are_refused_in_words()
    {
        void Refused<T>(IDataView data, params string[] says) where T : Exception
        {
            var error = Assert.Throws<T>(() => Train(Shades.Options(steps: 1), data));
            Assert.All(says, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        }
        IDataView unmapped = _ml.Data.LoadFromEnumerable(Shades.Rows(4));
        Refused<ArgumentOutOfRangeException>(unmapped, "label column 'Label' is String", "MapValueToKey(\"Label\")");
        IDataView without = _ml.Transforms.DropColumns("Label").Fit(unmapped).Transform(unmapped);
        Refused<ArgumentOutOfRangeException>(without, "no label column 'Label'", "Image");
        Shades.Shade[] unknown = [.. Shades.Rows(4).Select(r => new Shades.Shade { Image = r.Image, Label = "?" })];
        Refused<InvalidOperationException>(Shades.Keyed(_ml, unknown), "No image has a label");

        var trainer = _ml.Generative().DiffEnc(Shades.Options(steps: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => trainer.GetOutputSchema(SchemaShape.Create(unmapped.Schema)));
        Assert.NotNull(trainer.GetOutputSchema(SchemaShape.Create(Shades.Keyed(_ml, Shades.Rows(1)).Schema)));
    }

    [Fact]
    public void A_validation_set_is_scored_given_its_labels_which_must_be_the_same_keys()
    {
        var options = Shades.Options(steps: 1);
        double? Validate(IDataView data)
        {
            double? last = null;
            options.ValidationSet = data;
            options.Progress = new TrainingRuns.Callback(p => last = p.ValidationBitsPerDimension);
            Train(options).Dispose();
            return last;
        }
        Assert.True(Validate(Shades.Keyed(_ml, Shades.Rows(5, seed: 2))) > 0);
        IDataView rows = _ml.Data.LoadFromEnumerable(Shades.Rows(5).Skip(1));
        IDataView otherKeys = _ml.Transforms.Conversion.MapValueToKey("Label").Fit(rows).Transform(rows); // "dark" comes first
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Validate(otherKeys));
        Assert.Contains("ValidationSet", error.Message, StringComparison.Ordinal);
        Assert.Contains("key 1 is 'dark', in the training it was 'light'", error.Message, StringComparison.Ordinal);
    }
}
