using System.IO.Compression;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers;

/// <summary>One training on two classes of pictures, and all that is made of it in pipelines.</summary>
public sealed class ConditionalTests(ConditionalTests.Trained trained) : IClassFixture<ConditionalTests.Trained>
{
    private readonly MLContext _ml = trained.ML;
    private readonly DiffEncTransformer _model = trained.Model;

    public sealed class Trained : IDisposable
    {
        public Trained()
        {
            var options = Shades.Options(steps: 900);
            options.LearningRate = 5e-3;
            options.LabelDropout = 0.2;
            options.ScoringTimesPerDraw = 8;
            Model = ML.Generative().DiffEnc(options).Fit(Shades.Keyed(ML, Shades.Rows(150)));
        }

        public MLContext ML { get; } = new(seed: 5);

        public DiffEncTransformer Model { get; }

        public void Dispose() => Model.Dispose();
    }

    private IDataView HeldOut(int count = 30) => Shades.Keyed(_ml, Shades.Rows(count, seed: 2));

    [Fact]
    public void Knowing_the_class_makes_images_more_likely_and_a_wrong_class_much_less()
    {
        using var conditional = _model.ConditionedOn("Label");
        double Bits(DiffEncTransformer model, IDataView data) => _ml.Generative().Evaluate(model.Transform(data)).BitsPerDimension;
        double given = Bits(conditional, HeldOut()), without = Bits(_model, HeldOut());
        Assert.True(given < without - 0.01, $"{given} bits/dim given the class, {without} without.");

        Shades.Shade[] wrong = Shades.Rows(30, seed: 2);
        foreach (var row in wrong)
            row.Label = row.Label == "dark" ? "light" : "dark";
        Assert.True(Bits(conditional, Shades.Keyed(_ml, wrong)) > without + 0.1);
    }

    [Fact]
    public void An_image_without_a_label_is_scored_as_without_classes_and_null_goes_back()
    {
        using var conditional = _model.ConditionedOn("Label");
        using var again = conditional.ConditionedOn(null);
        Assert.Equal(("Label", null), (conditional.LabelColumnName, again.LabelColumnName));
        Shades.Shade[] rows = Shades.Rows(4, seed: 2);
        float[] ScoresOf(DiffEncTransformer model) => Scores(model.Transform(Shades.Keyed(_ml, rows)));
        rows[1].Label = rows[2].Label = null;
        float[] given = ScoresOf(conditional), without = ScoresOf(_model);
        Assert.Equal(without[1..3], given[1..3]);
        Assert.NotEqual(without[0], given[0]);
        Assert.NotEqual(without[3], given[3]);
        Assert.Equal(without, ScoresOf(again));
    }

    [Fact]
    public void A_report_is_about_the_likelihoods_of_the_columns_given_the_class_too()
    {
        using var conditional = _model.ConditionedOn("Label");
        float[] given = Scores(conditional.Transform(HeldOut(5))), without = Scores(_model.Transform(HeldOut(5)));
        Assert.Equal(given, _ml.Generative().Report(conditional, HeldOut(5)).Images.Select(image => image.BitsPerDimension));
        Assert.Equal(without, _ml.Generative().Report(_model, HeldOut(5)).Images.Select(image => image.BitsPerDimension));
        Assert.NotEqual(given, without);
        var unlabelled = _ml.Transforms.DropColumns("Label").Fit(HeldOut(5)).Transform(HeldOut(5));
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Generative().Report(conditional, unlabelled));
        Assert.Contains("no label column 'Label'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_and_times_of_a_conditional_transformer_are_calibrated_given_the_class()
    {
        using var conditional = _model.ConditionedOn("Label");
        var catalog = _ml.Generative();
        TimeGrid Grid(DiffEncTransformer model)
        {
            var options = new FiniteDepthOptions { Depth = 8, Variance = StepVariance.Optimal, CalibrationImages = 10 };
            using var fitted = catalog.FiniteDepth(model, options).Fit(HeldOut(10));
            Assert.Equal(model.LabelColumnName, fitted.LabelColumnName);
            return fitted.Grid!;
        }
        Assert.NotEqual(Grid(_model).Weights, Grid(conditional).Weights);
        double[] Density(DiffEncTransformer model)
        {
            using var fitted = catalog.ImportanceSampling(model, new() { CalibrationImages = 10, Bins = 4 }).Fit(HeldOut(10));
            return [.. fitted.Settings.TimeDensity!.Values];
        }
        Assert.NotEqual(Density(_model), Density(conditional));

        var unlabelled = _ml.Transforms.DropColumns("Label").Fit(HeldOut(5)).Transform(HeldOut(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => catalog.FiniteDepth(conditional).Fit(unlabelled));
        Assert.Throws<ArgumentOutOfRangeException>(() => catalog.ImportanceSampling(conditional).Fit(unlabelled));
    }

    [Fact]
    public void A_conditional_transformer_works_in_a_loaded_chain_and_in_an_engine()
    {
        Shades.Shade[] rows = Shades.Rows(6, seed: 2);
        using var conditional = _model.ConditionedOn("Label");
        var chain = new TransformerChain<ITransformer>(Shades.Keys(_ml), conditional);
        float[] expected = Scores(chain.Transform(_ml.Data.LoadFromEnumerable(rows)));
        var file = new MemoryStream();
        _ml.Model.Save(chain, _ml.Data.LoadFromEnumerable(rows).Schema, file);
        var ml = new MLContext();
        ITransformer loaded = ml.Model.Load(file, out _);
        Assert.Equal(expected, Scores(loaded.Transform(ml.Data.LoadFromEnumerable(rows))));
        Assert.Equal(["light", "dark"], DiffEncTransformer.FindIn(loaded).ClassNames);
        using var engine = ml.Model.CreatePredictionEngine<Shades.Shade, Bound>(loaded);
        Assert.Equal(expected, rows.Select(row => engine.Predict(row).Score));
    }

    [Fact]
    public void The_classifier_finds_the_class_and_ML_NET_evaluates_it()
    {
        using var classifier = _ml.Generative().BayesClassifier(_model).Fit(HeldOut());
        IDataView scored = classifier.Transform(HeldOut(24));
        MulticlassClassificationMetrics metrics = _ml.MulticlassClassification.Evaluate(scored);
        Assert.InRange(metrics.MacroAccuracy, 0.95, 1);
        Assert.InRange(metrics.MicroAccuracy, 0.95, 1);
        Assert.InRange(metrics.LogLoss, 0, 0.2);
        VBuffer<ReadOnlyMemory<char>> slots = default;
        scored.Schema["Score"].GetSlotNames(ref slots);
        Assert.Equal(["light", "dark"], slots.DenseValues().Select(s => s.ToString()));

        IDataView named = _ml.Transforms.Conversion.MapKeyToValue("Name", "PredictedLabel").Fit(scored).Transform(scored);
        Assert.Equal(Shades.Rows(24, seed: 2).Select(r => r.Label), named.GetColumn<string>("Name"));
        Assert.All(scored.GetColumn<float[]>("Score"), p => Assert.Equal(1, p.Sum(), 1e-6));
    }

    [Theory]
    [InlineData(ClassPriors.Uniform)]
    [InlineData(ClassPriors.FromData)]
    public void The_schema_that_the_estimator_promises_is_the_transformers(ClassPriors priors)
    {
        IDataView data = HeldOut(3);
        var estimator = _ml.Generative().BayesClassifier(_model, new BayesClassifierOptions { Priors = priors });
        using var classifier = estimator.Fit(data);
        static string[] Columns(SchemaShape shape)
            => [.. shape.Select(c => $"{Describe(c)}; {string.Join(", ", c.Annotations.Select(Describe).Order())}").Order()];
        static string Describe(SchemaShape.Column c) => $"{c.Name} {c.Kind} {c.ItemType} {c.IsKey}";
        DataViewSchema real = classifier.Transform(data).Schema;
        Assert.Equal(Columns(SchemaShape.Create(real)), Columns(estimator.GetOutputSchema(SchemaShape.Create(data.Schema))));
        Assert.Equal(Columns(SchemaShape.Create(real)), Columns(SchemaShape.Create(classifier.GetOutputSchema(data.Schema))));
        Assert.Equal(new VectorDataViewType(NumberDataViewType.Single, 2), real["Score"].Type);
        Assert.Equal(new KeyDataViewType(typeof(uint), 2), real["PredictedLabel"].Type);
        ReadOnlyMemory<char> kind = default;
        real["Score"].Annotations.GetValue("ScoreColumnKind", ref kind);
        Assert.Equal("MulticlassClassification", kind.ToString());
    }

    [Fact]
    public void A_classifier_in_a_loaded_chain_predicts_the_same_also_in_an_engine()
    {
        Shades.Shade[] rows = Shades.Rows(6, seed: 2);
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        var pipeline = _ml.Generative().BayesClassifier(_model, new BayesClassifierOptions { Draws = 1, TimesPerDraw = 4 })
            .Append(_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var chain = pipeline.Fit(data);
        float[][] expected = [.. chain.Transform(data).GetColumn<float[]>("Score")];
        string file = Path.GetTempFileName();
        try
        {
            _ml.Model.Save(chain, data.Schema, file);
            var ml = new MLContext();
            ITransformer loaded = ml.Model.Load(file, out _);
            Assert.Equal(expected, loaded.Transform(data).GetColumn<float[]>("Score"));
            Assert.Equal(chain.Transform(data).GetColumn<string>("PredictedLabel"), loaded.Transform(data).GetColumn<string>("PredictedLabel"));
            using (var engine = ml.Model.CreatePredictionEngine<Shades.Shade, Prediction>(loaded))
                Assert.Equal(expected, rows.Select(row => engine.Predict(row).Score));

            using (ZipArchive zip = ZipFile.Open(file, ZipArchiveMode.Update))
            {
                ZipArchiveEntry priors = zip.Entries.Single(e => e.Name == "Priors.json");
                using var stream = priors.Open();
                stream.SetLength(0);
                stream.Write("[0.5,0.7]"u8);
            }
            var error = Assert.ThrowsAny<Exception>(() => new MLContext().Model.Load(file, out _));
            Assert.Contains("sum to 1", error.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Priors_come_from_the_labels_of_the_data_if_asked_for()
    {
        using var uniform = _ml.Generative().BayesClassifier(_model).Fit(HeldOut());
        Assert.Equal([0.5, 0.5], uniform.Priors);
        Shades.Shade[] rows = Shades.Rows(9);
        rows[1].Label = null;
        using var counted = _ml.Generative().BayesClassifier(_model, new() { Priors = ClassPriors.FromData }).Fit(Shades.Keyed(_ml, rows));
        Assert.Equal([4.0 / 10, 6.0 / 10], counted.Priors); // 3 light, 5 dark, and one of each
        foreach (var row in rows)
            row.Label = null;
        var estimator = _ml.Generative().BayesClassifier(_model, new() { Priors = ClassPriors.FromData });
        var error = Assert.Throws<InvalidOperationException>(() => estimator.Fit(Shades.Keyed(_ml, rows)));
        Assert.Contains("No image has a label", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_of_a_class_look_like_it_by_key_and_by_name()
    {
        double[] Means(GenerationOptions options)
        {
            (options.Steps, options.Seed) = (30, 4);
            return [.. _model.Generate(8, options).Select(image => image.Pixels.ToArray().Chunk(4).Average(p => p[0]))];
        }
        Assert.All(Means(new() { Class = 1 }), mean => Assert.InRange(mean, Shades.Light - 45, Shades.Light + 45));
        double[] dark = Means(new() { ClassName = "dark" });
        Assert.All(dark, mean => Assert.InRange(mean, Shades.Dark - 45, Shades.Dark + 45));
        Assert.Equal(dark, Means(new() { Class = 2 }));
        // Guidance makes other images of the class; how they differ, so short a training leaves to chance.
        double[] guided = Means(new() { Class = 1, Guidance = 1 });
        Assert.NotEqual(Means(new() { Class = 1 }), guided);
        Assert.All(guided, mean => Assert.InRange(mean, Shades.Light - 45, Shades.Light + 45));
    }

    [Fact]
    public void The_classifier_keeps_the_model_while_it_is_used()
    {
        var model = _model.ConditionedOn(null);
        var classifier = _ml.Generative().BayesClassifier(model, new() { Draws = 1, TimesPerDraw = 1 }).Fit(HeldOut(1));
        model.Dispose();
        Assert.Single(classifier.Transform(HeldOut(1)).GetColumn<uint>("PredictedLabel"));
        classifier.Dispose();
        Assert.Throws<ObjectDisposedException>(() => classifier.Transform(HeldOut(1)));
        Assert.NotNull(_model.Model.NamedParameters);
    }

    [Fact]
    public void What_makes_no_sense_is_refused_in_words()
    {
        void Refused<T>(Action use, params string[] says) where T : Exception
        {
            var error = Assert.Throws<T>(use);
            Assert.All(says, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        }
        Refused<ArgumentOutOfRangeException>(() => _model.Generate(1, new() { Class = 0 }), "Class is 0", "1..2");
        Refused<ArgumentOutOfRangeException>(() => _model.Generate(1, new() { Class = 3 }), "Class is 3", "1..2");
        Refused<ArgumentOutOfRangeException>(() => _model.Generate(1, new() { ClassName = "grey" }), "'grey'", "light, dark");
        Refused<ArgumentOutOfRangeException>(() => _model.Generate(1, new() { Class = 1, ClassName = "dark" }), "both set");
        Refused<ArgumentOutOfRangeException>(() => _model.Generate(1, new() { Guidance = 1 }), "Guidance", "without a class");
        Refused<ArgumentOutOfRangeException>(() => _model.Generate(1, new() { Class = 1, Guidance = double.NaN }), "Guidance is NaN");

        using var conditional = _model.ConditionedOn("Label");
        Refused<ArgumentOutOfRangeException>(
            () => conditional.Transform(_ml.Data.LoadFromEnumerable(Shades.Rows(2))), "'Label' is String", "MapValueToKey");
        IDataView more = _ml.Data.LoadFromEnumerable([.. Shades.Rows(3), new Shades.Shade { Label = "grey", Image = new byte[64] }]);
        Refused<ArgumentOutOfRangeException>(
            () => conditional.Transform(_ml.Transforms.Conversion.MapValueToKey("Label").Fit(more).Transform(more)),
            "keys for 3 classes", "expected 2");

        var catalog = _ml.Generative();
        Refused<ArgumentOutOfRangeException>(() => catalog.BayesClassifier(_model, new() { Draws = 0 }), "Draws is 0", "1..10000");
        Refused<ArgumentOutOfRangeException>(() => catalog.BayesClassifier(_model, new() { TimesPerDraw = 300 }), "TimesPerDraw is 300", "1..256");
        Refused<ArgumentOutOfRangeException>(() => catalog.BayesClassifier(_model, new() { Priors = (ClassPriors)7 }), "Priors is 7", "FromData");
        using var plain = Scoring.Transformer(_ml);
        Refused<InvalidOperationException>(() => plain.ConditionedOn("Label"), "no classes", "LabelColumnName");
        Refused<InvalidOperationException>(() => catalog.BayesClassifier(plain), "no classes", "LabelColumnName");
        Refused<InvalidOperationException>(() => plain.Generate(1, new() { Class = 1 }), "no classes", "LabelColumnName");
        Assert.Empty(plain.ClassNames);
    }

    private static float[] Scores(IDataView scored) => [.. scored.GetColumn<float>("Score")];

    private sealed class Bound
    {
        public float Score { get; set; }
    }

    private sealed class Prediction
    {
        public float[] Score { get; set; } = [];
    }
}
