using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Transforms.Image;
using Xunit;
using static Microsoft.ML.Transforms.ValueToKeyMappingEstimator;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Generation;

public sealed class GenerationTransformerTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);

    // In double precision: the rounding of a batch of three and of one grows by orders of magnitude in a network of random weights.
    private readonly DiffEncTransformer _model;
    private readonly Row[] _rows = [.. Enumerable.Range(0, 6).Select(i => new Row { Number = 5 - i, Class = i % 3 == 0 ? "cat" : "dog" })];
    private readonly IDataView _data;

    public GenerationTransformerTests()
    {
        var description = Models.Describe(EncoderKind.NonTrainable) with { Classes = 2 };
        var settings = Scoring.Settings with { ClassNames = new ClassNames("String", ["cat", "dog"]) };
        _model = new DiffEncTransformer(_ml, Models.Create(description, dtype: float64), settings);
        _data = _ml.Data.LoadFromEnumerable(_rows);
    }

    public void Dispose() => _model.Dispose();

    private static GenerationOptions Options => new() { Steps = 3, Seed = 4 };

    [Fact]
    public void Row_k_gets_the_image_that_Generate_makes_as_its_kth()
    {
        using var transformer = _ml.Generative().Generate(_model, Options).Fit(_data);
        Assert.Equal(_model.Generate(6, Options).Select(Bytes), Images(transformer.Transform(_data)));
    }

    [Fact]
    public void Shuffled_and_filtered_rows_keep_their_images_and_an_engine_counts_its_predictions()
    {
        using var transformer = _ml.Generative().Generate(_model, Options).Fit(_data);
        byte[][] expected = Images(transformer.Transform(_data));
        IDataView shuffled = _ml.Data.ShuffleRows(_data, seed: 3), filtered = _ml.Data.FilterRowsByColumn(_data, "Number", upperBound: 3);
        foreach (IDataView view in (IDataView[])[shuffled, filtered])
        {
            IDataView made = transformer.Transform(view);
            float[] numbers = [.. made.GetColumn<float>("Number")];
            Assert.NotEqual(_rows.Select(r => r.Number), numbers);
            Assert.Equal(numbers.Select(n => expected[5 - (int)n]), Images(made));
        }
        using var engine = _ml.Model.CreatePredictionEngine<Row, Made>(transformer, new PredictionEngineOptions { OwnsTransformer = false });
        Assert.Equal(expected, _rows.Select(row => Bytes(engine.Predict(row).Generated!)));
    }

    [Fact]
    public void A_seed_column_decides_the_images_whatever_the_rows_order()
    {
        using var transformer = _ml.Generative().Generate(_model, Options, seedColumnName: "Id").Fit(_data);
        byte[][] made = Images(transformer.Transform(_data)), all = [.. _model.Generate(6, Options).Select(Bytes)];
        Assert.Equal(_rows.Select(r => all[r.Id]), made);
    }

    [Fact]
    public void Classes_come_from_a_text_or_a_key_column_row_by_row_and_a_missing_one_is_none()
    {
        _rows[4].Class = "";
        IDataView keyed = _ml.Transforms.Conversion.MapValueToKey("Key", "Class", keyOrdinality: KeyOrdinality.ByValue)
            .Fit(_ml.Data.LoadFromEnumerable(_rows.Where(r => r.Class.Length > 0))).Transform(_data);
        var options = Options;
        options.Guidance = 0.5;
        byte[][] Of(string column)
        {
            using var transformer = _ml.Generative().Generate(_model, options, "Picture", classColumnName: column).Fit(keyed);
            return Images(transformer.Transform(keyed), "Picture");
        }
        byte[][] OfClass(string? name, double guidance)
        {
            var one = Options;
            (one.ClassName, one.Guidance) = (name, guidance);
            return [.. _model.Generate(6, one).Select(Bytes)];
        }
        byte[][] cats = OfClass("cat", 0.5), dogs = OfClass("dog", 0.5), any = OfClass(null, 0);
        Assert.NotEqual(cats[0], dogs[0]);
        byte[][] expected = [.. _rows.Select((row, i) => row.Class switch { "cat" => cats[i], "dog" => dogs[i], _ => any[i] })];
        Assert.Equal(expected, Of("Class"));
        Assert.Equal(expected, Of("Key"));
    }

    [Fact]
    public void The_promised_schema_is_the_real_one_and_a_saved_chain_makes_the_same_images_after_the_model_is_gone()
    {
        var single = new DiffEncTransformer(_ml, Models.Create(Models.Describe(EncoderKind.Trainable), dtype: float32), Scoring.Settings);
        var estimator = _ml.Generative().Generate(single, new() { Steps = 2, Sampler = SamplerKind.Ode }, seedColumnName: "Id");
        var chain = estimator.Append(_ml.Transforms.ExtractPixels("Pixels", "Generated")).Fit(_data);
        single.Dispose();
        IDataView made = chain.Transform(_data);
        Assert.Equal(
            Schemas.Columns(SchemaShape.Create(chain.First().GetOutputSchema(_data.Schema))),
            Schemas.Columns(estimator.GetOutputSchema(SchemaShape.Create(_data.Schema))));
        byte[][] before = Images(made);
        using var file = new MemoryStream();
        _ml.Model.Save(chain, _data.Schema, file);
        file.Position = 0;
        ITransformer loaded = new MLContext(seed: 9).Model.Load(file, out _);
        Assert.Equal(before, Images(loaded.Transform(_data)));
        ((IDisposable)chain).Dispose();
        ((IDisposable)loaded).Dispose();
    }

    [Fact]
    public void Nothing_is_made_that_nobody_asks_for_and_the_token_stops_it()
    {
        using var source = new CancellationTokenSource();
        var options = Options;
        int steps = 0;
        options.Progress = new Callback<GenerationProgress>(_ => steps++);
        options.CancellationToken = source.Token;
        using var transformer = _ml.Generative().Generate(_model, options).Fit(_data);
        IDataView made = transformer.Transform(_data);
        Assert.Equal(6, made.GetColumn<int>("Id").Count());
        Assert.Equal(0, steps);
        Images(made);
        Assert.Equal(3, steps);
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => Images(made));
    }

    [Fact]
    public void What_cannot_be_is_refused_with_its_name()
    {
        void Refused<T>(string part, Action act) where T : Exception => Assert.Contains(part, Assert.Throws<T>(act).Message, StringComparison.Ordinal);
        IEstimator<GenerationTransformer> Make(GenerationOptions? o = null, string? seed = null, string? @class = null, DiffEncTransformer? model = null)
            => _ml.Generative().Generate(model ?? _model, o, "Generated", seed, @class);
        Refused<ArgumentOutOfRangeException>("Guidance", () => Make(new() { Guidance = 1 }));
        Refused<ArgumentOutOfRangeException>("from the column 'Class'", () => Make(new() { ClassName = "cat" }, @class: "Class"));
        Refused<ArgumentException>("empty", () => Make(seed: " "));
        Refused<ArgumentOutOfRangeException>("no seed column 'Seed'", () => Make(seed: "Seed").Fit(_data));
        Refused<ArgumentOutOfRangeException>("whole numbers", () => Make(seed: "Number").Fit(_data));
        Refused<ArgumentOutOfRangeException>("whole numbers", () => Make(seed: "Number").GetOutputSchema(SchemaShape.Create(_data.Schema)));
        Refused<ArgumentOutOfRangeException>("expected a key", () => Make(@class: "Id").Fit(_data));
        _rows[2].Class = "bird";
        Refused<InvalidOperationException>("'bird'; expected one of cat, dog", () => Images(Make(@class: "Class").Fit(_data).Transform(_data)));
        using var without = Scoring.Transformer(_ml);
        Refused<InvalidOperationException>("no classes", () => Make(@class: "Class", model: without));
    }

    private static byte[] Bytes(MLImage image) => image.Pixels.ToArray();

    private static byte[][] Images(IDataView view, string column = "Generated") => [.. view.GetColumn<MLImage>(column).Select(Bytes)];

    private sealed class Row
    {
        public float Number { get; set; }

        public int Id => (int)Number;

        public string Class { get; set; } = "";
    }

    private sealed class Made
    {
        [ImageType(8, 8)]
        public MLImage? Generated { get; set; }
    }
}
