using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Trainers;

/// <summary>Finds the steps in which a trained model is to be evaluated. The networks stay as they are, and are shared.</summary>
internal sealed class FiniteDepthEstimator : IEstimator<DiffEncTransformer>
{
    private readonly IHost _host;
    private readonly DiffEncTransformer _model;
    private readonly FiniteDepthOptions _options;

    /// <param name="environment">The environment.</param>
    /// <param name="model">The model, which stays its owner's.</param>
    /// <param name="options">What is estimated.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public FiniteDepthEstimator(IHostEnvironment environment, DiffEncTransformer model, FiniteDepthOptions options)
    {
        _host = environment.Register("FiniteDepth");
        _model = model;
        _options = options.Copy(); // what the caller changes from here on is not checked
        FiniteDepthCheck.Check(_options);
        if (model.Settings.TimeDensity is not null)
            throw new ArgumentException(
                "The model is scored at importance-sampled times, in continuous time; at finite depth times are the grid's. " +
                "Give FiniteDepth the model that ImportanceSampling was given.", nameof(model));
    }

    /// <inheritdoc/>
    public DiffEncTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _model.ImageColumn.Find(input.Schema);
        _model.LabelColumn?.Find(input.Schema);
        using var channel = _host.Start("Calibration");
        var grid = _options.Steps ?? Grid(input);
        channel.Info(MessageSensitivity.None, $"At finite depth: {grid}.");
        var (draws, times) = Draws(grid.Depth);
        return _model.With(_model.Settings with { Grid = grid, Draws = draws, TimesPerDraw = times });
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _model.ImageColumn.Check(inputSchema);
        _model.LabelColumn?.Check(inputSchema);
        return LikelihoodColumns.AppendTo(inputSchema);
    }

    private TimeGrid Grid(IDataView input)
    {
        var uniform = TimeGrid.Uniform(_options.Depth, _options.Weight ?? 1);
        if (_options.Grid == TimeGridKind.Uniform && _options.Weight is not null)
            return uniform; // nothing depends on data
        int seed = _options.Seed ?? _model.Settings.Seed;
        var (images, classes) = ImageSample.Load(
            _host, input, _model.ImageColumn, _model.LabelColumn, _options.CalibrationImages, seed, _options.CancellationToken);
        var shared = _model.Share();
        try
        {
            var calibration = new Calibration(shared.Model, images, _options.CalibrationDraws, seed)
            {
                Classes = classes,
                Network = shared.Network,
                Done = done => _options.Progress?.Report(new CalibrationProgress(done, images.Count)),
                CancellationToken = _options.CancellationToken,
            };
            return _options.Grid == TimeGridKind.Uniform
                ? calibration.WithOptimalVariance(uniform)
                : Calibration.Best(
                    calibration.MeanErrorsBetween(_options.Candidates), _options.Depth, shared.Model.Description.Dimensions, _options.Weight);
        }
        finally
        {
            shared.Release();
        }
    }

    /// <summary>
    /// As the options say; else as the model's, rearranged so that each set visits every step once where they are enough for all steps.
    /// </summary>
    private (int Draws, int TimesPerDraw) Draws(int depth)
    {
        var own = _model.Settings;
        int evaluations = own.Draws * own.TimesPerDraw;
        bool stratify = _options is { ScoringDraws: null, ScoringTimesPerDraw: null }
            && depth <= Math.Min(evaluations, ScoringSettings.MostTimesPerDraw);
        return stratify
            ? (Math.Max(2, evaluations / depth), depth)
            : (_options.ScoringDraws ?? own.Draws, _options.ScoringTimesPerDraw ?? own.TimesPerDraw);
    }
}
