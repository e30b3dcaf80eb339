using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Microsoft.ML.Transforms.Image;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Anomalies;

public sealed class AnomalyTests(AnomalyTests.Trained trained) : IClassFixture<AnomalyTests.Trained>
{
    private const int Side = TrainingRuns.Side;

    private readonly MLContext _ml = new(seed: 5);
    private readonly DiffEncTransformer _model = trained.Model;

    /// <summary>A model that has learned discs, in seconds.</summary>
    public sealed class Trained : IDisposable
    {
        public Trained()
        {
            var ml = new MLContext(seed: 5);
            var options = TrainingRuns.Options(steps: 250);
            (options.Encoder, options.LearningRate, options.ScoringDraws) = (EncoderKind.NonTrainable, 3e-3, 4);
            Model = ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(ml, 300));
        }

        public DiffEncTransformer Model { get; }

        public void Dispose() => Model.Dispose();
    }

    public static TheoryData<AnomalyOptions, string> Wrong => new()
    {
        { new() { Score = (AnomalyScore)9 }, "Score is 9" },
        { new() { FalsePositiveRate = 0 }, "FalsePositiveRate is 0; expected above 0" },
        { new() { FalsePositiveRate = double.NaN }, "FalsePositiveRate is NaN" },
        { new() { AnomalyMapColumnName = "Score" }, "a column of its own" },
        { new() { ProfileTimes = [] }, "ProfileTimes has 0 values" },
        { new() { ProfileTimes = [0.5f, -0.1f] }, "ProfileTimes has -0.1" },
        { new() { ProfileDraws = 0 }, "ProfileDraws is 0" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_makes_no_sense_is_refused_by_name(AnomalyOptions options, string expected)
    {
        var error = Assert.Throws<ArgumentException>(() => _ml.Generative().DetectAnomalies(_model, options));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AnomalyScore.Profile, 2 * 19)]
    [InlineData(AnomalyScore.Neighbours, 2 * 19)]
    [InlineData(AnomalyScore.BitsPerDimension, 19)]
    public void Too_few_normal_images_are_refused_with_the_number_needed(AnomalyScore score, int least)
    {
        var options = Options(score);
        options.FalsePositiveRate = 0.05;
        var error = Assert.Throws<InvalidOperationException>(() => _ml.Generative().DetectAnomalies(_model, options).Fit(TrainingRuns.Discs(_ml, 18)));
        Assert.Contains($"There are 18 normal images; a false-positive rate of 0.05 by the score {score} needs at least {least}", error.Message, StringComparison.Ordinal);
        using var enough = _ml.Generative().DetectAnomalies(_model, options).Fit(TrainingRuns.Discs(_ml, least));
    }

    [Theory]
    [InlineData(AnomalyScore.Profile)]
    [InlineData(AnomalyScore.BitsPerDimension)]
    [InlineData(AnomalyScore.ComplexityCorrected)]
    [InlineData(AnomalyScore.Typicality)]
    [InlineData(AnomalyScore.LossDensity)]
    [InlineData(AnomalyScore.Neighbours)]
    public void Noise_is_told_from_discs_and_a_saved_chain_says_the_same(AnomalyScore score)
    {
        var chain = _ml.Transforms.CopyColumns("Copy", "Image").Append(_ml.Generative().DetectAnomalies(_model, Options(score))).Fit(TrainingRuns.Discs(_ml, 40));
        IDataView data = _ml.Data.LoadFromEnumerable(Mixed());
        Verdict[] verdicts = Read(chain.Transform(data));
        var detector = chain.LastTransformer;
        Assert.All(verdicts, v => Assert.Equal(v.Score > detector.Threshold, v.PredictedLabel));
        Assert.All(verdicts, v => Assert.Equal(v.PValue <= 0.1f, v.PredictedLabel));
        Assert.All(verdicts, v => Assert.Equal(detector.PValue(v.Score), v.PValue));
        var metrics = _ml.Generative().EvaluateAnomalies(chain.Transform(data));
        Assert.True(metrics.AreaUnderRocCurve > 0.8, $"{metrics}");
        Assert.Equal((10, 10), (metrics.Normal, metrics.Anomalies));
        Assert.Equal(metrics.AreaUnderRocCurve, _ml.AnomalyDetection.Evaluate(chain.Transform(data)).AreaUnderRocCurve, 1e-9);

        using var file = new MemoryStream();
        _ml.Model.Save(chain, data.Schema, file);
        file.Position = 0;
        var loaded = new MLContext(seed: 77).Model.Load(file, out _);
        Assert.Equal(verdicts, Read(loaded.Transform(data)));
        ((IDisposable)loaded).Dispose();
        ((IDisposable)chain).Dispose();
    }

    [Theory]
    [InlineData(AnomalyScore.Profile)]
    [InlineData(AnomalyScore.ComplexityCorrected)]
    public void Scores_and_maps_are_those_of_each_image_alone_but_for_rounding(AnomalyScore score)
    {
        var options = Options(score);
        options.AnomalyMapColumnName = "Map";
        using var detector = _ml.Generative().DetectAnomalies(_model, options).Fit(TrainingRuns.Discs(_ml, 40));
        Labeled[] rows = Mixed();
        IDataView together = detector.Transform(_ml.Data.LoadFromEnumerable(rows));
        float[] scores = [.. together.GetColumn<float>("Score")];
        byte[][] maps = [.. together.GetColumn<MLImage>("Map").Select(map => map.Pixels.ToArray())];
        var engine = _ml.Model.CreatePredictionEngine<Labeled, Verdict>(detector, new PredictionEngineOptions { OwnsTransformer = false });
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.Equal(scores[i], engine.Predict(rows[i]).Score, 1e-3f * (1 + Math.Abs(scores[i])));
            using MLImage alone = detector.Transform(_ml.Data.LoadFromEnumerable([rows[i]])).GetColumn<MLImage>("Map").Single();
            Assert.All(alone.Pixels.ToArray().Zip(maps[i]), p => Assert.InRange(p.First - p.Second, -1, 1));
        }
        Assert.Equal(scores.Length, scores.Distinct().Count());
    }

    [Theory]
    [InlineData(AnomalyScore.Neighbours)] // learns from every second image
    [InlineData(AnomalyScore.BitsPerDimension)]
    public void Fitting_tells_how_far_it_is_and_stops_when_it_is_cancelled(AnomalyScore score)
    {
        var told = new List<CalibrationProgress>();
        using var cancellation = new CancellationTokenSource();
        var options = Options(score);
        (options.Progress, options.CancellationToken) = (new Callback<CalibrationProgress>(told.Add), cancellation.Token);
        var normal = TrainingRuns.Discs(_ml, 20);
        _ml.Generative().DetectAnomalies(_model, options).Fit(normal).Dispose();
        Assert.Equal(told.Select(p => p.Images).Distinct().Order(), told.Select(p => p.Images)); // it grows, a batch at a time
        Assert.Equal(new CalibrationProgress(20, 20), told[^1]);

        told.Clear();
        options.Progress = new Callback<CalibrationProgress>(done =>
        {
            told.Add(done);
            cancellation.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => _ml.Generative().DetectAnomalies(_model, options).Fit(normal));
        Assert.Single(told);
    }

    [Fact]
    public void A_model_whose_scores_are_no_numbers_calibrates_nothing()
    {
        var options = TrainingRuns.Options(steps: 1);
        options.RememberedImages = 0;
        using var model = _ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(_ml, 20));
        using (no_grad())
            model.Model.NamedParameters.Values.First().fill_(double.NaN);
        var error = Assert.Throws<InvalidOperationException>(
            () => _ml.Generative().DetectAnomalies(model, Options(AnomalyScore.BitsPerDimension)).Fit(TrainingRuns.Discs(_ml, 20)));
        Assert.Contains("The score BitsPerDimension of 20 of the 20 normal images that calibrate is no number (NaN)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_threshold_changes_the_verdicts_and_nothing_else()
    {
        using var detector = _ml.Generative().DetectAnomalies(_model, Options(AnomalyScore.BitsPerDimension)).Fit(TrainingRuns.Discs(_ml, 20));
        using var strict = detector.ChangeThreshold(float.NegativeInfinity);
        IDataView data = _ml.Data.LoadFromEnumerable(Mixed());
        var (before, after) = (Read(detector.Transform(data)), Read(strict.Transform(data)));
        Assert.Equal(before.Select(v => (v.Score, v.PValue)), after.Select(v => (v.Score, v.PValue)));
        Assert.All(after, v => Assert.True(v.PredictedLabel));
        Assert.Contains(before, v => !v.PredictedLabel);
        Assert.Throws<ArgumentException>(() => detector.ChangeThreshold(float.NaN));
    }

    [Fact]
    public void A_profile_holds_the_parts_of_the_bound()
    {
        using var scope = NewDisposeScope();
        var description = new ProfileDescription([0.25, 0.75], Draws: 3, Seed: 9);
        byte[] pixels = TrainingRuns.Rows(1)[0].Image;
        var profile = new double[description.Size];
        var map = new float[Side * Side];
        using var model = Models.Create(Models.Describe(EncoderKind.Trainable, Side), dtype: ScalarType.Float32);
        new ProfileExtractor(model, description).Extract(pixels, 1, profile, map);

        var image = tensor(pixels, dtype: uint8).reshape(1, 1, Side, Side);
        var (_, eps0, eps) = new ScoringDraws(3, 2, 9).For(pixels, [1, Side, Side], 0, 3);
        double unit = Side * Side * Math.Log(2), reconstruction = 0;
        var diffusion = new double[2];
        double latent = 0;
        for (int k = 0; k < 3; k++)
            for (int m = 0; m < 2; m++)
            {
                var parts = model.Bound(image, tensor(new[] { description.Times[m] }), eps0.narrow(0, k, 1), eps.narrow(0, 2 * k + m, 1));
                reconstruction += parts.Reconstruction.item<float>() / 6 / unit;
                diffusion[m] += parts.Diffusion.item<float>() / 3 / unit;
                latent = parts.Latent.item<float>() / unit;
            }
        var x = model.Scale(image);
        double[] changes = [.. ProfileDescription.EncodingTimes.Select(t =>
            (model.Encode(x, full(1, -13.3 + 18.3 * t, dtype: float64)) - x).square().mean().sqrt().item<float>())];
        double[] expected = [reconstruction, latent, .. diffusion, .. changes];
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], profile[i], 1e-4 * Math.Abs(expected[i]) + 1e-7);
        // The map's places add up to the mean over the times.
        Assert.Equal(diffusion.Average() * Side * Side, map.Sum(), 1e-3 * diffusion.Average() * Side * Side);
    }

    [Fact]
    public void The_map_is_an_image_that_points_at_what_is_odd()
    {
        var options = Options(AnomalyScore.BitsPerDimension);
        options.AnomalyMapColumnName = "Map";
        options.ProfileDraws = 8;
        var estimator = _ml.Generative().DetectAnomalies(_model, options);
        using var detector = estimator.Fit(TrainingRuns.Discs(_ml, 20));
        var odd = TrainingRuns.Rows(1, seed: 9)[0];
        Array.Fill(odd.Image, (byte)10);
        var random = new Random(1);
        for (int y = 0; y < 4; y++)
            for (int x = 4; x < 8; x++)
                odd.Image[y * Side + x] = (byte)random.Next(256); // noise in the upper right quarter
        IDataView data = _ml.Data.LoadFromEnumerable([odd]);
        IDataView scored = detector.Transform(data);
        Assert.Equal(new ImageDataViewType(Side, Side), scored.Schema["Map"].Type);
        using var map = scored.GetColumn<MLImage>("Map").Single();
        byte[] grey = [.. Enumerable.Range(0, Side * Side).Select(i => map.Pixels[4 * i])];
        double inside = grey.Where((_, i) => i / Side < 4 && i % Side >= 4).Average(v => v), outside = grey.Where((_, i) => i / Side >= 4 && i % Side < 4).Average(v => v);
        Assert.True(inside > 1.3 * outside, $"{inside} inside, {outside} at the other corner");

        using var overlaid = AnomalyMaps.Overlay(Pictures.Image(odd.Image, Side, Side), map);
        Assert.Equal((Side, Side), (overlaid.Width, overlaid.Height));
    }

    [Fact]
    public void The_promised_schema_is_that_of_the_transformed_data()
    {
        var options = Options(AnomalyScore.BitsPerDimension);
        options.AnomalyMapColumnName = "Map";
        var estimator = _ml.Generative().DetectAnomalies(_model, options);
        IDataView data = TrainingRuns.Discs(_ml, 20);
        using var detector = estimator.Fit(data);
        SchemaShape found = SchemaShape.Create(detector.Transform(data).Schema);
        Assert.Equal(Schemas.Columns(found), Schemas.Columns(estimator.GetOutputSchema(SchemaShape.Create(data.Schema))));
        Assert.Equal(Schemas.Columns(found), Schemas.Columns(SchemaShape.Create(detector.GetOutputSchema(data.Schema))));
    }

    internal static AnomalyOptions Options(AnomalyScore score) => new() { Score = score, FalsePositiveRate = 0.1, ProfileTimes = [0.2f, 0.5f, 0.8f], ProfileDraws = 1 };

    private static Labeled[] Mixed()
    {
        var random = new Random(2);
        byte[] Noise()
        {
            var pixels = new byte[Side * Side];
            random.NextBytes(pixels);
            return pixels;
        }
        return [.. TrainingRuns.Rows(10, seed: 4).Select(r => new Labeled { Image = r.Image }), .. Enumerable.Range(0, 10).Select(_ => new Labeled { Image = Noise(), Label = 1 })];
    }

    private Verdict[] Read(IDataView data) => [.. _ml.Data.CreateEnumerable<Verdict>(data, reuseRowObject: false)];

    private sealed class Labeled
    {
        [VectorType(Side * Side)]
        public byte[] Image { get; set; } = [];

        public float Label { get; set; }
    }

    private sealed record Verdict
    {
        public float Score { get; set; }

        public float PValue { get; set; }

        public bool PredictedLabel { get; set; }
    }
}
