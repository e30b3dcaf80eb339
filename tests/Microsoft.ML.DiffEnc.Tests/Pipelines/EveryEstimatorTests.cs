using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Transforms;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Pipelines;

/// <summary>What ML.NET expects of any estimator and transformer, asked of every one of <c>mlContext.Generative()</c>.</summary>
public sealed class EveryEstimatorTests(TrainedOnShades trained) : IClassFixture<TrainedOnShades>, IDisposable
{
    private const int Count = 3;
    private readonly List<IDisposable> _fitted = [];
    private readonly MLContext _ml = trained.ML;

    public static TheoryData<string> Names => [.. PipelineStep.All.Keys];

    public static TheoryData<string, string> NamesAndInputs
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (string name in PipelineStep.All.Keys)
                foreach (string input in new[] { "vectors", "images", "columns that are hidden", "what it has made itself" })
                    all.Add(name, input);
            return all;
        }
    }

    public void Dispose() => _fitted.ForEach(transformer => transformer.Dispose());

    [Theory]
    [MemberData(nameof(NamesAndInputs))]
    public void The_promised_schema_is_that_of_the_transformed_data(string name, string input)
    {
        var estimator = Estimator(name);
        IDataView data = Input(name, input);
        ITransformer transformer = Fit(estimator, data);
        IDataView transformed = transformer.Transform(data);
        string[] real = Schemas.Columns(SchemaShape.Create(transformed.Schema));
        Assert.Equal(real, Schemas.Columns(estimator.GetOutputSchema(SchemaShape.Create(data.Schema))));
        Assert.Equal(Schemas.Columns(transformed.Schema), Schemas.Columns(transformer.GetOutputSchema(data.Schema)));
        Assert.True(transformer.IsRowToRowMapper);
        Assert.Equal(Schemas.Columns(transformed.Schema), Schemas.Columns(transformer.GetRowToRowMapper(data.Schema).OutputSchema));
        Assert.All(PipelineStep.All[name].Numbers, number => Assert.NotNull(transformed.Schema.GetColumnOrNull(number)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Preview_shows_the_rows_of_estimator_and_transformer(string name)
    {
        IDataView data = trained.Data(Count);
        var estimator = Estimator(name);
        ITransformer transformer = Fit(estimator, data);
        DataViewSchema schema = transformer.Transform(data).Schema;
        foreach (DataDebuggerPreview preview in new[] { estimator.Preview(data, maxRows: 2), transformer.Preview(data, maxRows: 2) })
        {
            Assert.Equal(2, preview.RowView.Length);
            Assert.Equal(schema.Select(c => c.Name), preview.ColumnView.Select(c => c.Column.Name));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_prediction_engine_says_what_Transform_says(string name)
    {
        Shades.Shade[] rows = Shades.Rows(Count);
        using var chain = Chain(name, out IDataView data);
        float[][] expected = Values(chain, data);
        using var engine = _ml.Model.CreatePredictionEngine<Shades.Shade, Outcome>(chain, new PredictionEngineOptions { OwnsTransformer = false });
        AssertSame(expected, rows.Select(row => engine.Predict(row).Values));
        Assert.Equal(Count, expected.Select(row => string.Join(' ', row)).Distinct().Count()); // an equality of constants would prove little
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Cursors_of_every_kind_read_the_same_rows(string name)
    {
        using var chain = Chain(name, out IDataView data);
        float[][] expected = Values(chain, data);
        IDataView transformed = chain.Transform(data);

        AssertSame(Sorted(expected), Sorted(Values(_ml.Data.ShuffleRows(transformed, seed: 3))));
        IDataView some = _ml.Data.TakeRows(_ml.Data.SkipRows(transformed, 1), 2);
        AssertSame(expected[1..3], _ml.Data.CreateEnumerable<Outcome>(some, reuseRowObject: false).Select(row => row.Values));
        IDataView ofCached = chain.Transform(_ml.Data.Cache(data));
        DataViewRowCursor[] cursors = ofCached.GetRowCursorSet([ofCached.Schema[PipelineStep.Values]], n: 3);
        AssertSame(Sorted(expected), Sorted(cursors.SelectMany(Read)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_saved_chain_within_a_chain_says_the_same_after_loading(string name)
    {
        using var chain = Chain(name, out IDataView data);
        using var file = new MemoryStream();
        _ml.Model.Save(new TransformerChain<ITransformer>(new TransformerChain<ITransformer>(chain)), data.Schema, file);
        file.Position = 0;
        var loaded = new MLContext(seed: 77).Model.Load(file, out DataViewSchema schema);
        using var _ = (IDisposable)loaded;
        Assert.Equal(Values(chain, data), Values(loaded, data));
        Assert.Equal(Schemas.Columns(chain.GetOutputSchema(data.Schema)), Schemas.Columns(loaded.GetOutputSchema(schema)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_only_training_needs_stays_out_of_the_scoring_chain(string name)
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Shades.Rows(Count));
        using var chain = new EstimatorChain<ITransformer>().Append(Keys(), TransformerScope.TrainTest).AppendCacheCheckpoint(_ml)
            .Append(Estimator(name)).Append(PipelineStep.All[name].Behind(_ml)).Fit(data);
        var scoring = chain.GetModelFor(TransformerScope.Scoring);
        Assert.Equal(chain.Skip(1), scoring);
        Assert.Equal(Values(chain, data), Values(scoring, _ml.Transforms.DropColumns("Label").Fit(data).Transform(data)));
    }

    private TransformerChain<ITransformer> Chain(string name, out IDataView data)
    {
        data = _ml.Data.LoadFromEnumerable(Shades.Rows(Count));
        return PipelineStep.All[name].Fit(_ml, trained.Model, Keys(), data);
    }

    private ValueToKeyMappingEstimator Keys() => _ml.Transforms.Conversion.MapValueToKey("Label");

    private IEstimator<ITransformer> Estimator(string name) => PipelineStep.All[name].Create(_ml.Generative(), trained.Model);

    private ITransformer Fit(IEstimator<ITransformer> estimator, IDataView data)
    {
        ITransformer transformer = estimator.Fit(data);
        _fitted.Add((IDisposable)transformer);
        return transformer;
    }

    private IDataView Input(string name, string input)
    {
        IDataView vectors = trained.Data(Count);
        switch (input)
        {
            case "images":
                return trained.Images(Count);
            case "columns that are hidden":
                string[] hidden = [.. PipelineStep.All[name].Numbers, "PredictedLabel", "Map"];
                var copies = _ml.Transforms.CopyColumns([.. hidden.Select(column => new InputOutputColumnPair(column, "Label"))]);
                return copies.Fit(vectors).Transform(vectors);
            case "what it has made itself":
                return Fit(Estimator(name), vectors).Transform(vectors);
            default:
                return vectors;
        }
    }

    private static float[][] Values(ITransformer model, IDataView data) => Values(model.Transform(data));

    private static float[][] Values(IDataView data) => [.. data.GetColumn<float[]>(PipelineStep.Values)];

    private static IEnumerable<float[]> Read(DataViewRowCursor cursor)
    {
        using (cursor)
        {
            var get = cursor.GetGetter<VBuffer<float>>(cursor.Schema[PipelineStep.Values]);
            VBuffer<float> values = default;
            while (cursor.MoveNext())
            {
                get(ref values);
                yield return [.. values.DenseValues()];
            }
        }
    }

    private static float[][] Sorted(IEnumerable<float[]> rows)
        => [.. rows.OrderBy(row => row[0]).ThenBy(row => row[^1])];

    /// <summary>Equal up to the order of sums in a batch; NaN is NaN.</summary>
    private static void AssertSame(IEnumerable<float[]> expected, IEnumerable<float[]> found)
    {
        float[][] left = [.. expected], right = [.. found];
        Assert.Equal(left.Length, right.Length);
        foreach (var (a, b) in left.Zip(right))
        {
            Assert.Equal(a.Length, b.Length);
            for (int i = 0; i < a.Length; i++)
                Assert.True(a[i].Equals(b[i]) || Math.Abs(a[i] - b[i]) <= 1e-4f * Math.Max(1, Math.Abs(a[i])), $"{a[i]} and {b[i]}");
        }
    }

    private sealed class Outcome
    {
        public float[] Values { get; set; } = [];
    }
}
