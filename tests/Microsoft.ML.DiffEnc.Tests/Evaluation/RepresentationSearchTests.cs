using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Evaluation;

public sealed class RepresentationSearchTests : IDisposable
{
    private const int Side = TrainingRuns.Side;

    private readonly MLContext _ml = new(seed: 5);
    private readonly DiffEncTransformer _model;

    public RepresentationSearchTests()
        => _model = new DiffEncTransformer(new MLContext(), Models.Create(Models.Describe(EncoderKind.Trainable, Side), dtype: ScalarType.Float32), Scoring.Settings);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void The_trial_that_sees_the_classes_comes_first_and_each_is_what_its_options_give()
    {
        var told = new List<RepresentationTrial>();
        var options = new RepresentationSearchOptions
        {
            Kinds = [RepresentationKind.DenoiserFeatures, RepresentationKind.Encoding],
            Times = [0.05f, 1],
            Blocks = ["mid1"],
            PoolingGrids = [2],
            Draws = 1,
            Progress = new Told(told.Add),
        };
        var (train, validation) = (Halves(40, 1), Halves(40, 2));
        var trials = _ml.Generative().SearchRepresentations(_model, train, validation, options);
        Assert.Equal(2 * 2, trials.Count);
        Assert.Equal(trials.OrderByDescending(t => t.Accuracy).Select(t => t.Accuracy), trials.Select(t => t.Accuracy));
        Assert.Equal(trials.ToHashSet(), told.ToHashSet());
        Assert.True(trials[0].Accuracy > 0.95, $"{trials[0]}");
        var noise = trials.Single(t => t.Options.Kind == RepresentationKind.DenoiserFeatures && t.Options.Times[0] == 1);
        Assert.True(noise.Accuracy < 0.9, $"{noise}: at t = 1 little is left of the image");
        Assert.Equal(Math.Sqrt(noise.Accuracy * (1 - noise.Accuracy) / 40), noise.StandardError, 1e-9);

        // The same by hand.
        var chain = _ml.Generative().Representations(_model, noise.Options)
            .Append(_ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy("Label", "Representation"));
        Assert.Equal(noise.Accuracy, _ml.MulticlassClassification.Evaluate(chain.Fit(train).Transform(validation)).MicroAccuracy, 1e-9);
    }

    [Fact]
    public void Every_treatment_of_features_is_tried_where_a_kind_has_any()
    {
        var data = Halves(20, 1);
        var trials = _ml.Generative().SearchRepresentations(_model, data, data, new()
        {
            Kinds = [RepresentationKind.EncoderFeatures, RepresentationKind.Encoding],
            Times = [0.1f],
            Blocks = ["down.0"],
            Normalizations = [FeatureNormalization.None, FeatureNormalization.Rectified],
        });
        (RepresentationKind, FeatureNormalization?)[] expected =
        [
            (RepresentationKind.EncoderFeatures, FeatureNormalization.None),
            (RepresentationKind.EncoderFeatures, FeatureNormalization.Rectified),
            (RepresentationKind.Encoding, null),
        ];
        Assert.Equal(expected.ToHashSet(), trials.Select(t => (t.Options.Kind, t.Options.Normalization)).ToHashSet());
    }

    [Fact]
    public void What_cannot_be_tried_is_refused_before_anything_is_computed()
    {
        var data = Halves(4, 1);
        string Refused(RepresentationSearchOptions options)
            => Assert.ThrowsAny<ArgumentException>(() => _ml.Generative().SearchRepresentations(_model, data, data, options)).Message;
        Assert.Contains("Times is empty", Refused(new() { Times = [] }), StringComparison.Ordinal);
        Assert.Contains("Block is 'mid9'", Refused(new() { Blocks = ["mid1", "mid9"], Progress = new Told(_ => Assert.Fail("computed")) }), StringComparison.Ordinal);
        Assert.Contains("'Class'", Refused(new() { LabelColumnName = "Class" }), StringComparison.Ordinal);
        Assert.Throws<OperationCanceledException>(() => _ml.Generative().SearchRepresentations(_model, data, data, new() { CancellationToken = new(true) }));
    }

    /// <summary>Images that are brighter in their left or in their right half.</summary>
    private IDataView Halves(int count, int seed)
    {
        var random = new Random(seed);
        var rows = Enumerable.Range(0, count).Select(i => new Row
        {
            Half = i % 2 == 0 ? "left" : "right",
            Image = [.. Enumerable.Range(0, Side * Side).Select(p => (byte)(random.Next(100) + (p % Side < Side / 2 == (i % 2 == 0) ? 100 : 0)))],
        });
        IDataView view = _ml.Data.LoadFromEnumerable(rows.ToArray());
        return _ml.Transforms.Conversion.MapValueToKey("Label", "Half", keyOrdinality: Microsoft.ML.Transforms.ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            .Fit(view).Transform(view);
    }

    private sealed class Row
    {
        [VectorType(Side * Side)]
        public byte[] Image { get; set; } = [];

        public string Half { get; set; } = "";
    }

    private sealed class Told(Action<RepresentationTrial> report) : IProgress<RepresentationTrial>
    {
        public void Report(RepresentationTrial value) => report(value);
    }
}
