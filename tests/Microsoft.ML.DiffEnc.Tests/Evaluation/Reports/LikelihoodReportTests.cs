using System.Globalization;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Transformers;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Evaluation.Reports;

public sealed class LikelihoodReportTests : IDisposable
{
    private static readonly ScoringSettings _settings = new("Image", PixelLayout.ChannelsFirst, Draws: 3, TimesPerDraw: 4, Seed: 7);

    private readonly MLContext _ml = new(seed: 1);
    private readonly DiffEncTransformer _model;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-report-");

    public LikelihoodReportTests() => _model = Scoring.Transformer(_ml, settings: _settings);

    public void Dispose()
    {
        _model.Dispose();
        _folder.Delete(recursive: true);
    }

    private IDataView Data(int rows) => _ml.Data.LoadFromEnumerable(Pictures.VectorRows(rows));

    private LikelihoodReport Report(int rows = 5, LikelihoodReportOptions? options = null) => _ml.Generative().Report(_model, Data(rows), options);

    [Fact]
    public void It_is_about_every_row_as_the_columns_score_it()
    {
        IDataView data = Data(20);
        ScoredRow[] rows = Scoring.Rows(_ml, _model.Transform(data));
        LikelihoodReport report = _ml.Generative().Report(_model, data);
        Assert.Equal(
            rows.Select(r => new Likelihood(r.BitsPerDimension, r.ReconstructionLoss, r.LatentLoss, r.DiffusionLoss, r.StandardError)),
            report.Images);
        GenerativeMetrics metrics = _ml.Generative().Evaluate(_model.Transform(data));
        void Same(double expected, double found) => Assert.Equal(expected, found, 1e-6 * expected);
        Same(metrics.BitsPerDimension, report.BitsPerDimension.Mean);
        Same(metrics.StandardError, report.BitsPerDimension.StandardError);
        Same(metrics.ReconstructionLoss, report.ReconstructionLoss.Mean);
        Same(metrics.LatentLoss, report.LatentLoss.Mean);
        Same(metrics.DiffusionLoss, report.DiffusionLoss.Mean);
        Same(Math.Sqrt(rows.Sum(r => Math.Pow(r.StandardError, 2))) / 20, report.BitsPerDimension.DrawStandardError);
        Same(-rows.Average(r => (double)r.LogLikelihood), report.NatsPerImage.Mean);
        Same(report.BitsPerDimension.StandardError * 64 * Math.Log(2), report.NatsPerImage.StandardError);
    }

    [Fact]
    public void The_parts_add_up_and_the_curve_integrates_to_the_diffusion_loss()
    {
        LikelihoodReport report = Report(options: new() { Strata = 4 }); // as many as times in a set
        Assert.Equal(report.BitsPerDimension.Mean, report.ReconstructionLoss.Mean + report.LatentLoss.Mean + report.DiffusionLoss.Mean, 1e-9);
        Assert.Equal(0, report.LatentLoss.DrawStandardError);
        Assert.Equal(report.DiffusionLoss.Mean, report.DiffusionLossOverTime.Sum(s => s.LossPerTime * (s.End - s.Start)), 1e-9);
        Assert.Equal(report.DiffusionLoss.Mean, report.DiffusionLossOverTime.Sum(s => s.LossPerGamma * (s.GammaEnd - s.GammaStart)), 1e-9);
        Assert.All(report.DiffusionLossOverTime, s => Assert.Equal(5 * 3, s.Evaluations));
        Assert.Equal([-13.3, -8.725, -4.15, 0.425], report.DiffusionLossOverTime.Select(s => Math.Round(s.GammaStart, 9)));
    }

    [Fact]
    public void At_finite_depth_the_curve_has_the_losses_of_the_steps_over_their_lengths()
    {
        var steps = new FiniteDepthOptions { Steps = new TimeGrid([0, 0.25, 0.75, 1]), ScoringDraws = 2, ScoringTimesPerDraw = 3 };
        using DiffEncTransformer model = _ml.Generative().FiniteDepth(_model, steps).Fit(Data(1));
        LikelihoodReport report = _ml.Generative().Report(model, Data(5), new() { Strata = 4 });
        Assert.Equal("finite depth, T = 3", report.Estimator);
        IReadOnlyList<LossStratum> curve = report.DiffusionLossOverTime;
        // Every set visits every step once, the second one in one of the two strata that it covers.
        Assert.Equal([10, 10, 10], new[] { curve[0].Evaluations, curve[1].Evaluations + curve[2].Evaluations, curve[3].Evaluations });
        double second = (curve[1].LossPerTime * curve[1].Evaluations + curve[2].LossPerTime * curve[2].Evaluations) / 10;
        double loss = report.DiffusionLoss.Mean;
        Assert.Equal(loss, 0.25 * curve[0].LossPerTime + 0.5 * second + 0.25 * curve[3].LossPerTime, 1e-9 * loss);
    }

    [Fact]
    public void The_error_over_draws_is_the_spread_over_seeds()
    {
        var runs = Enumerable.Range(0, 60).Select(seed => Report(2, new() { Seed = seed }).BitsPerDimension).ToArray();
        double mean = runs.Average(r => r.Mean), spread = runs.Sum(r => Math.Pow(r.Mean - mean, 2)) / (runs.Length - 1);
        Assert.InRange(runs.Average(r => Math.Pow(r.DrawStandardError, 2)) / spread, 0.5, 2); // 59 degrees of freedom: 5 standard deviations
    }

    [Fact]
    public void Options_replace_the_models_settings_and_are_told_with_the_result()
    {
        LikelihoodReport report = Report(2, new() { Draws = 5, TimesPerDraw = 2, Seed = 11 });
        Assert.Equal((5, 2, 11), (report.Draws, report.TimesPerDraw, report.Seed));
        Assert.Equal(20, report.DiffusionLossOverTime.Sum(s => s.Evaluations));
        Assert.NotEqual(Report(2).BitsPerDimension.Mean, report.BitsPerDimension.Mean);
        Assert.Equal((3, 4, 7), (Report(2).Draws, Report(2).TimesPerDraw, Report(2).Seed));
    }

    [Fact]
    public void Percentiles_lie_between_the_images_in_order()
    {
        LikelihoodReport report = Report(5);
        float[] sorted = [.. report.Images.Select(i => i.BitsPerDimension).Order()];
        Assert.Equal([sorted[0], sorted[2], sorted[4]], new[] { 0.0, 50, 100 }.Select(report.Percentile));
        Assert.Equal(0.6 * sorted[0] + 0.4 * sorted[1], report.Percentile(10), 1e-6);
        Assert.Throws<ArgumentOutOfRangeException>(() => report.Percentile(101));
    }

    [Fact]
    public void JSON_holds_every_figure_and_what_made_it_in_any_country()
    {
        string file = Path.Combine(_folder.FullName, "new", "report.json");
        LikelihoodReport report = Report(1);
        In("de-DE", () => report.SaveJson(file));
        report.SaveJson(file);
        JsonElement json = JsonDocument.Parse(File.ReadAllBytes(file)).RootElement;
        Assert.Equal(1, json.GetProperty("images").GetInt32());
        JsonElement bound = json.GetProperty("bitsPerDimension");
        Assert.Equal(report.BitsPerDimension.Mean, bound.GetProperty("mean").GetDouble());
        Assert.Equal(report.BitsPerDimension.DrawStandardError, bound.GetProperty("drawStandardError").GetDouble());
        Assert.Equal(JsonValueKind.Null, bound.GetProperty("standardError").ValueKind); // of one image
        Assert.Equal(
            report.DiffusionLossOverTime.Select(s => s.Evaluations > 0 ? s.LossPerGamma : (double?)null),
            json.GetProperty("diffusionLossOverTime").Deserialize<Stratum[]>(JsonSerializerOptions.Web)!.Select(s => s.LossPerGamma));
        Assert.Contains(json.GetProperty("percentiles").EnumerateArray(), p => p.GetProperty("percent").GetDouble() == 50);
        Assert.Equal("continuous time, uniform times", json.GetProperty("estimator").GetString());
        Assert.Equal(_settings, ScoringSettings.Read(new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(json.GetProperty("scoring")))));
        Assert.Equal(8, json.GetProperty("model").GetProperty("model").GetProperty("width").GetInt32());
        Assert.Equal([file], Directory.GetFiles(Path.GetDirectoryName(file)!));
    }

    [Fact]
    public void CSV_files_hold_a_line_for_every_image_and_every_stratum()
    {
        string images = Path.Combine(_folder.FullName, "images.csv"), curve = Path.Combine(_folder.FullName, "curve.csv");
        LikelihoodReport report = Report(5);
        In("de-DE", () => report.SaveImagesCsv(images));
        In("de-DE", () => report.SaveCurveCsv(curve));
        IDataView table = _ml.Data.LoadFromTextFile(
            images, [.. _names.Select((name, i) => new TextLoader.Column(name, DataKind.Single, i + 1))], separatorChar: ',', hasHeader: true);
        Assert.Equal(report.Images.Select(i => i.BitsPerDimension), table.GetColumn<float>("BitsPerDimension"));
        Assert.Equal(report.Images.Select(i => i.StandardError), table.GetColumn<float>("StandardError"));
        string[] lines = File.ReadAllLines(curve);
        Assert.Equal(33, lines.Length);
        double[] third = [.. lines[3].Split(',').Select(v => double.Parse(v, CultureInfo.InvariantCulture))];
        LossStratum stratum = report.DiffusionLossOverTime[2];
        Assert.Equal([stratum.Start, stratum.End, stratum.GammaStart, stratum.GammaEnd, stratum.LossPerTime], third[..5]);
        Assert.Equal(lines[0].Split(',').Length, third.Length);
    }

    private static readonly string[] _names = ["BitsPerDimension", "ReconstructionLoss", "LatentLoss", "DiffusionLoss", "StandardError"];

    [Fact]
    public void Progress_counts_the_images_and_cancelling_stops_between_them()
    {
        var seen = new List<ScoringProgress>();
        Report(3, new() { Progress = new Callback<ScoringProgress>(seen.Add) });
        Assert.Equal([1, 2, 3], seen.Select(p => p.ImagesDone));
        using var cancellation = new CancellationTokenSource();
        int done = 0;
        var stop = new Callback<ScoringProgress>(p =>
        {
            done++;
            cancellation.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => Report(3, new() { Progress = stop, CancellationToken = cancellation.Token }));
        Assert.Equal(1, done);
    }

    [Fact]
    public void What_cannot_be_done_is_refused_by_name()
    {
        void Refused(LikelihoodReportOptions options, string words) => Assert.Contains(
            words, Assert.Throws<ArgumentOutOfRangeException>(() => Report(1, options)).Message, StringComparison.Ordinal);
        Refused(new() { Draws = 0 }, "Draws is 0");
        Refused(new() { TimesPerDraw = 257 }, "TimesPerDraw is 257");
        Refused(new() { Strata = 0 }, "Strata is 0");
        Assert.Contains("no rows", Assert.Throws<InvalidOperationException>(() => Report(0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Generative().Report(_model, _ml.Data.LoadFromEnumerable([new { Label = 1f }])));
        _model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Report(1));
    }

    private sealed record Stratum(double? LossPerGamma);

    private static void In(string culture, Action work)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo(culture);
            work();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
