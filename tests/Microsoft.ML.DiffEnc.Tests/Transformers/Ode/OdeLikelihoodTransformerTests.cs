using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Ode;

public sealed class OdeLikelihoodTransformerTests : IDisposable
{
    private static readonly string[] _added =
        ["OdeBitsPerDimension", "OdeLogLikelihood", "OdeDensityLoss", "OdeDequantizationLoss", "OdeStandardError", "OdeEvaluations"];

    private static readonly OdeLikelihoodOptions _coarse = new() { Draws = 2, Tolerance = 0.05 };

    private readonly MLContext _ml = new(seed: 1);
    private readonly DiffEncTransformer _model;
    private readonly IDataView _data;

    public OdeLikelihoodTransformerTests()
    {
        _model = Transformer(EncoderKind.NonTrainable);
        _data = _ml.Data.LoadFromEnumerable(Pictures.VectorRows(5));
    }

    public void Dispose() => _model.Dispose();

    private DiffEncTransformer Transformer(EncoderKind encoder, bool head = false)
        => new(_ml, Models.Create(Models.Describe(encoder) with { OdeHead = head, GammaMin = -3 }, perturbed: false, dtype: float32), Scoring.Settings);

    private OdeRow[] Rows(IDataView scored) => [.. _ml.Data.CreateEnumerable<OdeRow>(scored, reuseRowObject: false)];

    [Fact]
    public void The_columns_fit_together_and_stand_beside_those_of_the_bound()
    {
        using var ode = _ml.Generative().OdeLikelihood(_model, _coarse).Fit(_data);
        IDataView scored = ode.Transform(_model.Transform(_data));
        Assert.All(scored.GetColumn<float>("Score"), score => Assert.True(float.IsFinite(score)));
        OdeRow[] rows = Rows(scored);
        Assert.Equal(5, rows.Select(r => r.OdeBitsPerDimension).Distinct().Count());
        Assert.All(rows, r =>
        {
            Assert.Equal(r.OdeBitsPerDimension, r.OdeDensityLoss + r.OdeDequantizationLoss, 1e-4f);
            Assert.Equal(-r.OdeBitsPerDimension * 64 * Math.Log(2), r.OdeLogLikelihood, 1e-4 * Math.Abs(r.OdeLogLikelihood));
            Assert.True(r.OdeStandardError > 0 && r.OdeEvaluations >= 8);
        });
    }

    [Fact]
    public void The_promised_schema_is_that_of_the_transformed_data()
    {
        var estimator = _ml.Generative().OdeLikelihood(_model, _coarse);
        using var ode = estimator.Fit(_data);
        static IEnumerable<string> Columns(SchemaShape shape) => shape.Select(c => $"{c.Name} {c.Kind} {c.ItemType} {c.IsKey}");
        SchemaShape promised = estimator.GetOutputSchema(SchemaShape.Create(_data.Schema));
        Assert.Equal(Columns(SchemaShape.Create(ode.Transform(_data).Schema)), Columns(promised));
        Assert.Equal(_added, promised.Select(c => c.Name).Except(_data.Schema.Select(c => c.Name)));
        Assert.All(_added, name => Assert.Equal(NumberDataViewType.Single, ode.GetOutputSchema(_data.Schema)[name].Type));
        IDataView wrong = _ml.Data.LoadFromEnumerable([new { Pixels = 1f }]);
        Assert.Contains("'Image'", Assert.Throws<ArgumentOutOfRangeException>(() => estimator.Fit(wrong)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Saved_in_a_chain_it_scores_the_same_after_loading_and_row_by_row()
    {
        using var ode = _ml.Generative().OdeLikelihood(_model, _coarse).Fit(_data);
        float[] expected = [.. Rows(ode.Transform(_data)).Select(r => r.OdeBitsPerDimension)];
        string file = Path.GetTempFileName();
        try
        {
            _ml.Model.Save(new TransformerChain<ITransformer>(_model, ode), _data.Schema, file);
            var ml = new MLContext();
            ITransformer loaded = ml.Model.Load(file, out _);
            Assert.Equal(expected, loaded.Transform(_data).GetColumn<float>("OdeBitsPerDimension"));
            using var engine = ml.Model.CreatePredictionEngine<VectorRow, OdeRow>(loaded);
            Assert.Equal(expected[..2], Pictures.VectorRows(2).Select(row => engine.Predict(row).OdeBitsPerDimension));
            var own = Assert.Single(((IEnumerable<ITransformer>)loaded).OfType<OdeLikelihoodTransformer>());
            Assert.Equal(ode.Settings, own.Settings);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void It_shares_the_model_and_outlives_the_transformer_that_it_came_from()
    {
        var model = Transformer(EncoderKind.None);
        var estimator = _ml.Generative().OdeLikelihood(model, _coarse);
        var ode = estimator.Fit(_data);
        Assert.Same(model.Model, ode.Model);
        model.Dispose();
        Assert.Equal(5, Rows(ode.Transform(_data)).Length);
        Assert.Throws<ObjectDisposedException>(() => estimator.Fit(_data));
        ode.Dispose();
        ode.Dispose();
        Assert.Throws<ObjectDisposedException>(() => ode.Transform(_data));
        Assert.Throws<ObjectDisposedException>(() => _ml.Model.Save(ode, null, new MemoryStream()));
    }

    [Fact]
    public void An_approximation_must_be_allowed_and_calls_itself_that()
    {
        using var plain = Transformer(EncoderKind.Trainable);
        var error = Assert.Throws<ArgumentException>(() => _ml.Generative().OdeLikelihood(plain));
        Assert.All(["OdeHead", "AllowApproximation", "approximates"], word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        using var allowed = _ml.Generative().OdeLikelihood(plain, new() { AllowApproximation = true }).Fit(_data);
        Assert.True(allowed.IsApproximate);

        using var headed = Transformer(EncoderKind.Trainable, head: true);
        using var exact = _ml.Generative().OdeLikelihood(headed).Fit(_data);
        Assert.False(exact.IsApproximate);
        using var fading = _ml.Generative().OdeLikelihood(_model).Fit(_data);
        Assert.False(fading.IsApproximate);
    }

    [Theory]
    [InlineData("Tolerance", 0)]
    [InlineData("Tolerance", double.NaN)]
    [InlineData("Draws", 0)]
    [InlineData("Probes", 257)]
    [InlineData("MaxSteps", 0)]
    public void Options_out_of_range_are_named(string option, double value)
    {
        var options = new OdeLikelihoodOptions();
        var field = typeof(OdeLikelihoodOptions).GetField(option)!;
        field.SetValue(options, Convert.ChangeType(value, field.FieldType, System.Globalization.CultureInfo.InvariantCulture));
        var error = Assert.Throws<ArgumentException>(() => _ml.Generative().OdeLikelihood(_model, options));
        Assert.Contains($"The option {option} is", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_steps_are_an_error_that_names_the_options()
    {
        using var ode = _ml.Generative().OdeLikelihood(_model, new() { MaxSteps = 2, Draws = 1 }).Fit(_data);
        Exception error = Assert.ThrowsAny<Exception>(() => Rows(ode.Transform(_data)));
        Assert.Contains("Raise MaxSteps", error.ToString(), StringComparison.Ordinal);
    }

    private sealed class OdeRow
    {
        public float OdeBitsPerDimension { get; set; }

        public float OdeLogLikelihood { get; set; }

        public float OdeDensityLoss { get; set; }

        public float OdeDequantizationLoss { get; set; }

        public float OdeStandardError { get; set; }

        public float OdeEvaluations { get; set; }
    }
}
