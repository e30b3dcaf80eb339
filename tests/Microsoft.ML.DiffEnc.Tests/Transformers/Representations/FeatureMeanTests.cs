using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Microsoft.ML.DiffEnc.Transformers.Representations;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Representations;

/// <summary>What Fit learns of the data.</summary>
public sealed class FeatureMeanTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 5);
    private readonly DiffEncTransformer _model;

    public FeatureMeanTests()
        => _model = new DiffEncTransformer(
            _ml, Models.Create(Models.Describe(EncoderKind.Trainable, TrainingRuns.Side), dtype: ScalarType.Float32), Scoring.Settings);

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Features_are_centred_with_the_mean_of_what_Fit_has_seen()
    {
        IDataView data = TrainingRuns.Discs(_ml, 100); // more than a batch
        using var transformer = Fit(data);
        float[][] features = Read(transformer, data);
        Assert.All(Enumerable.Range(0, features[0].Length), j => Assert.Equal(0, features.Average(row => (double)row[j]), 1e-5));
    }

    [Fact]
    public void Fitted_on_other_images_all_features_move_by_the_difference_of_the_means()
    {
        IDataView data = TrainingRuns.Discs(_ml, 5);
        using RepresentationTransformer one = Fit(TrainingRuns.Discs(_ml, 30, seed: 2)), other = Fit(TrainingRuns.Discs(_ml, 40, seed: 3));
        float[][] a = Read(one, data), b = Read(other, data);
        for (int j = 0; j < a[0].Length; j++)
        {
            double shift = (other.Mean![j] - one.Mean![j]) * Microsoft.ML.DiffEnc.Diffusion.RectifiedFeatures.CentredScale;
            Assert.All(a.Zip(b), rows => Assert.Equal(shift, rows.First[j] - rows.Second[j], 1e-5));
        }
        Assert.NotEqual(one.Mean, other.Mean);
    }

    [Fact]
    public void No_more_than_a_thousand_images_are_learned_from()
    {
        TrainingRuns.Picture[] rows = TrainingRuns.Rows(FeatureMean.MostImages + 30), others = TrainingRuns.Rows(40, seed: 4);
        using RepresentationTransformer first = Fit(Load(rows[..FeatureMean.MostImages])), all = Fit(Load(rows)),
            changed = Fit(Load([.. rows[..^40], .. others]));
        Assert.Equal(first.Mean, all.Mean);
        Assert.NotEqual(first.Mean, changed.Mean); // ten of the first thousand
    }

    [Fact]
    public void Labels_are_not_read_and_data_without_any_will_do()
    {
        var rows = TrainingRuns.Rows(9);
        IDataView labelled = _ml.Data.LoadFromEnumerable(rows.Select(r => new Trap { Image = r.Image }));
        using RepresentationTransformer with = Fit(labelled), without = Fit(Load(rows));
        Assert.Equal(without.Mean, with.Mean);
    }

    [Fact]
    public void A_saved_and_loaded_transformer_has_the_same_mean_and_gives_the_same_features()
    {
        IDataView data = TrainingRuns.Discs(_ml, 6);
        using var transformer = Fit(TrainingRuns.Discs(_ml, 12, seed: 2));
        using var file = new MemoryStream();
        _ml.Model.Save(transformer, data.Schema, file);
        file.Position = 0;
        using var loaded = Assert.IsType<RepresentationTransformer>(new MLContext(seed: 9).Model.Load(file, out _));
        Assert.Equal(transformer.Mean, loaded.Mean);
        Assert.Equal(Read(transformer, data), Read(loaded, data));
    }

    [Fact]
    public void One_row_asked_for_alone_is_centred_as_in_a_batch()
    {
        var rows = TrainingRuns.Rows(7);
        using var transformer = Fit(Load(rows));
        float[][] together = Read(transformer, Load(rows));
        using var engine = _ml.Model.CreatePredictionEngine<TrainingRuns.Picture, Represented>(transformer, new PredictionEngineOptions { OwnsTransformer = false });
        foreach (var (row, expected) in rows.Zip(together))
            foreach (var (e, v) in expected.Zip(engine.Predict(row).Representation))
                Assert.Equal(e, v, 1e-4f);
    }

    [Fact]
    public void Without_normalization_nothing_is_learned_and_no_image_is_needed()
    {
        using var transformer = Fit(Load([]), new() { Normalization = FeatureNormalization.None });
        Assert.Null(transformer.Mean);
        using var encoding = Fit(Load([]), new() { Kind = RepresentationKind.Encoding });
        Assert.Null(encoding.Mean);
        IDataView data = TrainingRuns.Discs(_ml, 5);
        using var other = Fit(data, new() { Normalization = FeatureNormalization.None });
        Assert.Equal(Read(other, data), Read(transformer, data));
    }

    [Fact]
    public void Empty_data_are_refused()
        => Assert.Contains("has no rows", Assert.Throws<InvalidOperationException>(() => Fit(Load([]))).Message, StringComparison.Ordinal);

    [Fact]
    public void Fit_stops_when_the_context_is_cancelled()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(TrainingRuns.Rows(30).Select((row, i) =>
        {
            if (i == 20)
                _ml.CancelExecution();
            return row;
        }));
        Assert.ThrowsAny<OperationCanceledException>(() => Fit(data));
    }

    private RepresentationTransformer Fit(IDataView data, RepresentationOptions? options = null)
        => _ml.Generative().Representations(_model, options ?? new() { PoolingGrid = 2 }).Fit(data);

    private IDataView Load(TrainingRuns.Picture[] rows) => _ml.Data.LoadFromEnumerable(rows);

    private static float[][] Read(RepresentationTransformer transformer, IDataView data)
        => [.. transformer.Transform(data).GetColumn<float[]>("Representation")];

    private sealed class Trap
    {
        [VectorType(TrainingRuns.Side * TrainingRuns.Side)]
        public byte[] Image { get; set; } = [];

        public string Label => throw new InvalidOperationException("The label was read.");
    }

    private sealed class Represented
    {
        public float[] Representation { get; set; } = [];
    }
}
