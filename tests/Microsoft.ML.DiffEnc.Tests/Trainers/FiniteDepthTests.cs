using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Trainers;

/// <summary>A trained model evaluated in T steps, as pipelines see it.</summary>
public sealed class FiniteDepthTests : IDisposable
{
    private static readonly Dictionary<string, (Action<FiniteDepthOptions> Spoil, string[] Says)> Wrong = new()
    {
        ["no steps"] = (o => o.Depth = 0, ["Depth", "0", "1..100000"]),
        ["too many steps to choose from"] = (o => (o.Grid, o.Depth) = (TimeGridKind.Optimized, 5000), ["Depth", "5000", "1..4000"]),
        ["fewer candidates than steps"] = (o => (o.Grid, o.CandidateTimes) = (TimeGridKind.Optimized, 50), ["CandidateTimes", "50", "100..4000"]),
        ["unknown grid"] = (o => o.Grid = (TimeGridKind)7, ["Grid", "Uniform, Optimized"]),
        ["unknown variance"] = (o => o.Variance = (StepVariance)7, ["Variance", "Posterior, Optimal, Fixed"]),
        ["no weight"] = (o => o.Variance = StepVariance.Fixed, ["VarianceWeight", "not set"]),
        ["a weight for nothing"] = (o => o.VarianceWeight = 0.5, ["VarianceWeight", "Posterior", "Fixed"]),
        ["a weight of zero"] = (o => (o.Variance, o.VarianceWeight) = (StepVariance.Fixed, 0), ["VarianceWeight", "above 0"]),
        ["no images"] = (o => o.CalibrationImages = 0, ["CalibrationImages", "at least 1"]),
        ["no draws of them"] = (o => o.CalibrationDraws = 0, ["CalibrationDraws", "at least 1"]),
        ["no draws"] = (o => o.ScoringDraws = 0, ["ScoringDraws", "1..10000"]),
        ["times"] = (o => o.ScoringTimesPerDraw = 1000, ["ScoringTimesPerDraw", "1..256"]),
        ["steps twice"] = (o => (o.Steps, o.Variance) = (TimeGrid.Uniform(3), StepVariance.Optimal), ["Steps", "Grid and Variance"]),
    };

    private readonly MLContext _ml = new(seed: 1);
    private readonly DiffEncTransformer _model;
    private readonly IDataView _data;

    public FiniteDepthTests()
    {
        _model = Scoring.Transformer(_ml, settings: Scoring.Settings with { Draws = 2, TimesPerDraw = 8 });
        _data = _ml.Data.LoadFromEnumerable(Pictures.VectorRows(6).ToArray());
    }

    public static TheoryData<string> WrongNames => [.. Wrong.Keys];

    public void Dispose() => _model.Dispose();

    private DiffEncTransformer Fit(FiniteDepthOptions options) => _ml.Generative().FiniteDepth(_model, options).Fit(_data);

    [Theory]
    [MemberData(nameof(WrongNames))]
    public void A_wrong_option_is_refused_by_name(string name)
    {
        var options = new FiniteDepthOptions();
        var (spoil, says) = Wrong[name];
        spoil(options);
        var error = Assert.ThrowsAny<ArgumentException>(() => _ml.Generative().FiniteDepth(_model, options));
        Assert.All(says, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Uniform_steps_with_the_posterior_variance_take_no_images()
    {
        var none = _ml.Data.LoadFromEnumerable(Array.Empty<VectorRow>());
        using var model = _ml.Generative().FiniteDepth(_model).Fit(none);
        Assert.Equal(TimeGrid.Uniform(100), model.Grid);
        using var weighted = _ml.Generative().FiniteDepth(_model, new() { Depth = 3, Variance = StepVariance.Fixed, VarianceWeight = 0.5 }).Fit(none);
        Assert.Equal(TimeGrid.Uniform(3, 0.5), weighted.Grid);
        using var given = _ml.Generative().FiniteDepth(_model, new() { Steps = new TimeGrid([0, 0.3, 1], [0.9, 1]) }).Fit(none);
        Assert.Equal(new TimeGrid([0, 0.3, 1], [0.9, 1]), given.Grid);
        Assert.Null(_model.Grid);
    }

    [Fact]
    public void Where_the_draws_are_enough_each_set_visits_every_step()
    {
        using var few = Fit(new() { Depth = 5 });
        Assert.Equal((3, 5), (few.Settings.Draws, few.Settings.TimesPerDraw)); // of 16 evaluations
        using var many = Fit(new() { Depth = 17 });
        Assert.Equal((2, 8), (many.Settings.Draws, many.Settings.TimesPerDraw));
        using var chosen = Fit(new() { Depth = 5, ScoringDraws = 4 });
        Assert.Equal((4, 8), (chosen.Settings.Draws, chosen.Settings.TimesPerDraw));
    }

    [Theory]
    [InlineData(TimeGridKind.Uniform)]
    [InlineData(TimeGridKind.Optimized)]
    public void Optimal_variances_and_times_lower_the_bound_of_the_images_that_they_were_estimated_from(TimeGridKind grid)
    {
        var options = new FiniteDepthOptions { Depth = 4, ScoringDraws = 8, ScoringTimesPerDraw = 4 };
        using var plain = Fit(options);
        (options.Grid, options.Variance, options.CandidateTimes, options.CalibrationDraws) = (grid, StepVariance.Optimal, 24, 4);
        var progress = new List<CalibrationProgress>();
        options.Progress = new Recorder(progress);
        using var best = Fit(options);
        Assert.All(best.Grid!.Weights, w => Assert.InRange(w, 0, 1));
        Assert.Equal(grid == TimeGridKind.Uniform, best.Grid.Times.SequenceEqual(TimeGrid.Uniform(4).Times));
        Assert.True(Bits(best) < Bits(plain) - 0.01, $"{Bits(best)}, posterior and uniform {Bits(plain)}");
        Assert.Equal(Enumerable.Range(1, 6).Select(i => new CalibrationProgress(i, 6)), progress);
    }

    [Fact]
    public void Scores_do_not_depend_on_batches_and_stay_the_same_after_saving_and_loading()
    {
        using var model = Fit(new() { Depth = 6, Grid = TimeGridKind.Optimized, Variance = StepVariance.Optimal, CandidateTimes = 20 });
        float[] expected = Scoring.Scores(_ml, model.Transform(_data));
        Assert.NotEqual(Scoring.Scores(_ml, _model.Transform(_data)), expected);
        VectorRow[] rows = [.. Pictures.VectorRows(6)];
        Assert.Equal(expected.Reverse(), Scoring.Scores(_ml, model.Transform(_ml.Data.LoadFromEnumerable(rows.Reverse()))));
        Assert.Equal(expected[2], Scoring.Scores(_ml, model.Transform(_ml.Data.LoadFromEnumerable([rows[2]]))).Single());

        using var file = new MemoryStream();
        _ml.Model.Save(model, _data.Schema, file);
        file.Position = 0;
        using var loaded = DiffEncTransformer.FindIn(new MLContext().Model.Load(file, out _));
        Assert.Equal(model.Settings, loaded.Settings);
        Assert.Equal(model.Grid, loaded.Grid);
        Assert.Equal(expected, Scoring.Scores(_ml, loaded.Transform(_data)));
    }

    [Fact]
    public void The_model_is_shared_and_outlives_the_one_it_comes_from()
    {
        var first = Scoring.Transformer(_ml);
        using var second = _ml.Generative().FiniteDepth(first, new() { Depth = 3 }).Fit(_data);
        Assert.Same(first.Model, second.Model);
        first.Dispose();
        Assert.All(Scoring.Scores(_ml, second.Transform(_data)), score => Assert.True(score > 0));
        Assert.Throws<ObjectDisposedException>(() => _ml.Generative().FiniteDepth(first, new() { Depth = 3 }).Fit(_data));
    }

    [Fact]
    public void Ancestral_sampling_takes_the_steps_of_the_grid_unless_told_otherwise()
    {
        using var model = Fit(new() { Steps = new TimeGrid([0, 0.9, 0.95, 1], [0.1, 0.1, 0.1]) });
        using var uniform = Fit(new() { Depth = 3 });
        int Steps(DiffEncTransformer of, GenerationOptions options)
        {
            int steps = 0;
            options.Progress = new Counter(p => steps = p.Steps);
            of.Generate(1, options);
            return steps;
        }

        Assert.Equal(3, Steps(model, new()));
        Assert.Equal(2, Steps(model, new() { Steps = 2 }));
        Assert.Equal(250, Steps(_model, new()));
        Assert.Equal(250, Steps(model, new() { Sampler = SamplerKind.Deterministic }));
        byte[] Pixels(DiffEncTransformer of, int? steps, SamplerKind sampler = SamplerKind.Ancestral)
        {
            var options = new GenerationOptions { Seed = 1, Sampler = sampler };
            if (steps is { } some)
                options.Steps = some;
            return of.Generate(1, options)[0].Pixels.ToArray();
        }

        Assert.Equal(Pixels(model, null), Pixels(model, 3));
        Assert.NotEqual(Pixels(model, 3), Pixels(uniform, 3));
        Assert.Equal(Pixels(model, 2), Pixels(uniform, 2));
        Assert.Equal(Pixels(model, 3, SamplerKind.Deterministic), Pixels(uniform, 3, SamplerKind.Deterministic));
    }

    [Fact]
    public void A_data_view_without_such_images_is_refused_and_a_cancelled_calibration_stops()
    {
        var cancelled = new CancellationToken(canceled: true);
        var estimator = _ml.Generative().FiniteDepth(_model, new() { Variance = StepVariance.Optimal, CancellationToken = cancelled });
        Assert.Throws<OperationCanceledException>(() => estimator.Fit(_data));
        Assert.Contains("no image column", Assert.Throws<ArgumentOutOfRangeException>(
            () => estimator.Fit(_ml.Data.LoadFromEnumerable([new { Pixels = 1f }]))).Message, StringComparison.Ordinal);
        Assert.Contains("Score", estimator.GetOutputSchema(SchemaShape.Create(_data.Schema)).Select(c => c.Name));
        var none = _ml.Data.LoadFromEnumerable(Array.Empty<VectorRow>());
        var optimal = _ml.Generative().FiniteDepth(_model, new() { Variance = StepVariance.Optimal });
        Assert.Contains("no rows", Assert.Throws<InvalidOperationException>(() => optimal.Fit(none)).Message, StringComparison.Ordinal);
    }

    private double Bits(DiffEncTransformer model) => _ml.Generative().Evaluate(model.Transform(_data)).BitsPerDimension;

    private sealed class Recorder(List<CalibrationProgress> reports) : IProgress<CalibrationProgress>
    {
        public void Report(CalibrationProgress value) => reports.Add(value);
    }

    private sealed class Counter(Action<GenerationProgress> report) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => report(value);
    }
}
