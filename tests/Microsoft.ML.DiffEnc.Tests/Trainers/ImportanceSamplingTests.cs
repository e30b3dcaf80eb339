using System.Text;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Microsoft.ML.DiffEnc.Transformers;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Trainers;

public sealed class ImportanceSamplingTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly IDataView _data;
    private readonly DiffEncTransformer _model;

    public ImportanceSamplingTests()
    {
        _data = _ml.Data.LoadFromEnumerable(Pictures.VectorRows(8));
        _model = Scoring.Transformer(_ml, settings: Scoring.Settings with { TimesPerDraw = 2 });
    }

    public void Dispose() => _model.Dispose();

    private DiffEncTransformer Fit(DiffEncTransformer? model = null, int bins = 16)
        => _ml.Generative().ImportanceSampling(model ?? _model, new() { CalibrationImages = 6, Bins = bins }).Fit(_data);

    [Fact]
    public void The_estimate_is_unbiased()
    {
        using DiffEncTransformer sampled = Fit();
        LossEstimate Loss(DiffEncTransformer model, int seed)
            => _ml.Generative().Report(model, _data, new() { Draws = 60, TimesPerDraw = 2, Seed = seed }).DiffusionLoss;
        var (uniform, importance) = (Loss(_model, 1), Loss(sampled, 2));
        double error = Math.Sqrt(Math.Pow(uniform.DrawStandardError, 2) + Math.Pow(importance.DrawStandardError, 2));
        Assert.True(error < 0.03 * uniform.Mean, "The comparison shows nothing.");
        Assert.Equal(uniform.Mean, importance.Mean, 4.5 * error);
    }

    [Fact]
    public void On_a_trained_model_the_same_number_of_evaluations_gives_less_variance()
    {
        IDataView discs = TrainingRuns.Discs(_ml, 64), held = TrainingRuns.Discs(_ml, 8, seed: 2);
        var options = TrainingRuns.Options(25);
        options.Encoder = EncoderKind.NonTrainable;
        using DiffEncTransformer model = _ml.Generative().DiffEnc(options).Fit(discs);
        using DiffEncTransformer sampled = _ml.Generative().ImportanceSampling(model, new() { CalibrationImages = 8, Bins = 16 }).Fit(discs);
        LikelihoodReport Report(DiffEncTransformer by, int draws, int times)
            => _ml.Generative().Report(by, held, new() { Draws = draws, TimesPerDraw = times, Seed = 3 });
        double[] independent = Variances(Report(model, 48, 1)), even = Variances(Report(model, 12, 4));
        double[] importance = Variances(Report(sampled, 12, 4));
        // Each sum has 8 · 11 degrees of freedom or more, so a ratio an error of about 20 %; with ten times as many they were .27 and .43.
        Assert.InRange(even.Sum() / independent.Sum(), 0, 0.75);
        Assert.InRange(importance.Sum() / even.Sum(), 0, 0.8);
    }

    [Fact]
    public void It_shares_the_model_and_scores_by_columns_report_and_error_alike()
    {
        DiffEncTransformer original = Scoring.Transformer(_ml);
        using DiffEncTransformer sampled = Fit(original);
        Assert.Same(original.Model, sampled.Model);
        Assert.NotEqual(Scoring.Scores(_ml, original.Transform(_data)), Scoring.Scores(_ml, sampled.Transform(_data)));
        original.Dispose();
        ScoredRow[] rows = Scoring.Rows(_ml, sampled.Transform(_data));
        LikelihoodReport report = _ml.Generative().Report(sampled, _data);
        Assert.Equal(rows.Select(r => (r.Score, r.StandardError)), report.Images.Select(i => (i.BitsPerDimension, i.StandardError)));
        Assert.Equal("continuous time, importance-sampled times", report.Estimator);
    }

    [Fact]
    public void The_curve_is_that_of_the_loss_and_not_of_what_is_weighted()
    {
        using DiffEncTransformer sampled = Fit();
        LikelihoodReport report = _ml.Generative().Report(sampled, _data, new() { Draws = 60, Strata = 4 });
        double integral = report.DiffusionLossOverTime.Sum(s => s.LossPerTime * (s.End - s.Start));
        Assert.Equal(report.DiffusionLoss.Mean, integral, 5 * report.DiffusionLoss.DrawStandardError);
        foreach (var (stratum, uniform) in report.DiffusionLossOverTime.Zip(
            _ml.Generative().Report(_model, _data, new() { Draws = 60, Strata = 4, Seed = 3 }).DiffusionLossOverTime))
        {
            double error = Math.Sqrt(Math.Pow(stratum.LossPerTimeStandardError, 2) + Math.Pow(uniform.LossPerTimeStandardError, 2));
            Assert.Equal(uniform.LossPerTime, stratum.LossPerTime, 4.5 * error);
        }
    }

    [Fact]
    public void The_density_is_saved_and_loaded_with_the_model()
    {
        using DiffEncTransformer sampled = Fit();
        using var file = new MemoryStream();
        _ml.Model.Save(sampled, null, file);
        using DiffEncTransformer loaded = DiffEncTransformer.FindIn(new MLContext().Model.Load(file, out _));
        Assert.Equal(sampled.Settings, loaded.Settings);
        Assert.Equal(16, loaded.Settings.TimeDensity!.Values.Count);
        Assert.Equal(Scoring.Scores(_ml, sampled.Transform(_data)), Scoring.Scores(_ml, loaded.Transform(_data)));
    }

    [Fact]
    public void Fitting_again_replaces_the_density_and_gives_the_same()
    {
        using DiffEncTransformer once = Fit(), twice = Fit(once), other = Fit(once, bins: 8);
        Assert.Equal(once.Settings, twice.Settings);
        Assert.Equal(8, other.Settings.TimeDensity!.Values.Count);
        Assert.All(once.Settings.TimeDensity!.Values, p => Assert.InRange(p, 0.1, double.MaxValue));
    }

    [Theory]
    [InlineData("0.5", "0", "Value 0")]
    [InlineData("0.5", "null", "timeDensity")]
    [InlineData("1.5", "1.6", "mean")]
    [InlineData("values", "numbers", "numbers")]
    public void A_damaged_density_is_refused(string from, string to, string word)
    {
        using var stream = new MemoryStream();
        (Scoring.Settings with { TimeDensity = new TimeDensity([0.5, 1.5]) }).Write(stream);
        string text = Encoding.UTF8.GetString(stream.ToArray()), changed = text.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(text, changed);
        var error = Assert.Throws<InvalidDataException>(() => ScoringSettings.Read(new MemoryStream(Encoding.UTF8.GetBytes(changed))));
        Assert.Contains("scoring settings", error.Message, StringComparison.Ordinal);
        Assert.Contains(word, error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void It_does_not_go_with_finite_depth()
    {
        using DiffEncTransformer sampled = Fit(), steps = _ml.Generative().FiniteDepth(_model, new() { Depth = 5 }).Fit(_data);
        void Refused<TError>(Action work, string words)
            where TError : Exception => Assert.Contains(words, Assert.Throws<TError>(work).Message, StringComparison.Ordinal);
        Refused<ArgumentException>(() => _ml.Generative().FiniteDepth(sampled), "importance");
        Refused<ArgumentException>(() => Fit(steps), "finite depth");
        using var stream = new MemoryStream();
        (sampled.Settings with { Grid = steps.Settings.Grid }).Write(stream);
        stream.Position = 0;
        Refused<InvalidDataException>(() => ScoringSettings.Read(stream), "grid and a timeDensity");
    }

    [Fact]
    public void Settings_without_a_density_do_not_mention_it()
    {
        using var stream = new MemoryStream();
        Scoring.Settings.Write(stream);
        Assert.DoesNotContain("ensity", Encoding.UTF8.GetString(stream.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_promised_schema_is_that_of_the_transformed_data()
    {
        var estimator = _ml.Generative().ImportanceSampling(_model, new() { CalibrationImages = 1, Bins = 2 });
        using DiffEncTransformer sampled = estimator.Fit(_data);
        Assert.Equal(
            SchemaShape.Create(sampled.Transform(_data).Schema).Select(c => c.Name),
            estimator.GetOutputSchema(SchemaShape.Create(_data.Schema)).Select(c => c.Name));
    }

    [Fact]
    public void Progress_counts_the_images_and_cancelling_stops_between_them()
    {
        var seen = new List<CalibrationProgress>();
        using var cancellation = new CancellationTokenSource();
        var options = new ImportanceSamplingOptions
        {
            CalibrationImages = 3,
            Bins = 2,
            Progress = new Callback<CalibrationProgress>(seen.Add),
            CancellationToken = cancellation.Token,
        };
        _ml.Generative().ImportanceSampling(_model, options).Fit(_data).Dispose();
        Assert.Equal(seen.Select(p => p.Images).Distinct().Order(), seen.Select(p => p.Images)); // it grows, a pass at a time
        Assert.Equal(new CalibrationProgress(3, 3), seen[^1]);
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => _ml.Generative().ImportanceSampling(_model, options).Fit(_data));
    }

    [Fact]
    public void What_cannot_be_done_is_refused_by_name()
    {
        void Refused(ImportanceSamplingOptions options, string words) => Assert.Contains(
            words,
            Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Generative().ImportanceSampling(_model, options)).Message,
            StringComparison.Ordinal);
        Refused(new() { CalibrationImages = 0 }, "CalibrationImages is 0");
        Refused(new() { Bins = 1 }, "Bins is 1");
        Refused(new() { Bins = 257 }, "2..256");
        Refused(new() { Floor = 0 }, "Floor is 0");
        Refused(new() { Floor = double.NaN }, "Floor is NaN");
        var empty = _ml.Data.LoadFromEnumerable(Array.Empty<VectorRow>());
        var noImages = Assert.Throws<InvalidOperationException>(() => _ml.Generative().ImportanceSampling(_model).Fit(empty));
        Assert.Contains("no rows", noImages.Message, StringComparison.Ordinal);
        Models.Perturb(_model.Model, double.NaN);
        Assert.Contains("not finite", Assert.Throws<InvalidOperationException>(() => Fit()).Message, StringComparison.Ordinal);
    }

    /// <summary>Of every image's bound, from its draws.</summary>
    private static double[] Variances(LikelihoodReport report) => [.. report.Images.Select(i => Math.Pow(i.StandardError, 2))];
}
