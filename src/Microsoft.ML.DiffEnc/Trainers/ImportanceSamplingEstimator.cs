using System.Globalization;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Trainers;

/// <summary>Measures at which times a model's diffusion loss varies most. The networks stay as they are, and are shared.</summary>
internal sealed class ImportanceSamplingEstimator : IEstimator<DiffEncTransformer>
{
    private readonly IHost _host;
    private readonly DiffEncTransformer _model;
    private readonly ImportanceSamplingOptions _options;
    private readonly int _seed;

    /// <param name="env">The environment.</param>
    /// <param name="model">The model, which stays its owner's.</param>
    /// <param name="options">How.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the model is scored at finite depth; the message says it.</exception>
    public ImportanceSamplingEstimator(IHostEnvironment env, DiffEncTransformer model, ImportanceSamplingOptions options)
    {
        _host = env.Register("ImportanceSampling");
        _model = model;
        _options = options.Copy(); // what the caller changes from here on is not checked
        _seed = options.Seed ?? model.Settings.Seed;
        Refusals.InRange(options.CalibrationImages, 1, int.MaxValue, nameof(options.CalibrationImages));
        Refusals.InRange(options.Bins, 2, TimeDensity.MostBins, nameof(options.Bins));
        if (options.Floor is not (>= TimeDensity.Least and <= 1))
            throw Refusals.OutOfRange(nameof(options.Floor), options.Floor, string.Create(CultureInfo.InvariantCulture, $"{TimeDensity.Least}..1"));
        if (model.Settings.Grid is not null)
            throw new ArgumentException(
                "The model is scored at finite depth, where times are the grid's; importance-sampled times are for continuous time. " +
                "Give ImportanceSampling the model that FiniteDepth was given.", nameof(model));
    }

    /// <inheritdoc/>
    public DiffEncTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var channel = _host.Start("Calibration");
        var (images, classes) = ImageSample.Load(
            _host, input, _model.ImageColumn, _model.LabelColumn, _options.CalibrationImages, _seed, _options.CancellationToken);
        var calibration = Calibrate(images, classes);
        var density = calibration.Density(_model.Settings.TimesPerDraw, _options.Floor) ?? throw new InvalidOperationException(
            "The model's diffusion loss is not finite on these images: no density of times can be measured. Check that the training went well.");
        channel.Info(MessageSensitivity.None, string.Create(
            CultureInfo.InvariantCulture, $"Times have a density from {density.Values.Min():G3} to {density.Values.Max():G3}."));
        return _model.With(_model.Settings with { TimeDensity = density });
    }

    /// <inheritdoc/>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _model.ImageColumn.Check(inputSchema);
        _model.LabelColumn?.Check(inputSchema);
        return LikelihoodColumns.AppendTo(inputSchema);
    }

    private TimeCalibration Calibrate(List<byte[]> images, List<int> classes)
    {
        var calibration = new TimeCalibration(_options.Bins);
        var scorer = new LikelihoodScorer(_model.Model, TimeCalibration.Draws(_options.Bins, _seed)); // at uniform times
        int done = 0;
        foreach (var pass in images.Zip(classes).Chunk(scorer.ImagesPerPass))
        {
            _options.CancellationToken.ThrowIfCancellationRequested();
            _host.CheckAlive();
            byte[] pixels = [.. pass.SelectMany(p => p.First)];
            int[] ofThese = [.. pass.Select(p => p.Second)];
            foreach (var image in _model.Compute(_ => scorer.Draw(pixels, pass.Length, ofThese)))
                calibration.Add(image);
            done += pass.Length;
            _options.Progress?.Report(new CalibrationProgress(done, images.Count));
        }
        return calibration;
    }
}
