using System.Globalization;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc;

/// <summary>
/// Finds at which times a model's diffusion loss varies most, and makes a transformer that looks there more often: the same bound, unbiased,
/// with less variance from the same number of evaluations.
/// </summary>
/// <remarks>
/// <para>
/// The loss at t is weighted by 1/p(t). Over images, a single time drawn from p ∝ √E[ℓ(t)²] has the least variance; with M evenly spread times
/// in a set, that of the noise counts in full and that of the mean's course over t only by 1/M, p ∝ √(E[Var ℓ(t)] + E[(mean of ℓ(t))²]/M).
/// Both expectations are measured on the images that <see cref="Fit"/> is given, two evaluations in each bin of each image.
/// </para>
/// <para>Get one by <c>mlContext.Generative().ImportanceSampling(…)</c>.</para>
/// </remarks>
public sealed class ImportanceSamplingEstimator : IEstimator<DiffEncTransformer>
{
    private readonly IHost _host;
    private readonly DiffEncTransformer _model;
    private readonly ImportanceSamplingOptions _options;
    private readonly int _seed;

    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message names it.</exception>
    internal ImportanceSamplingEstimator(IHostEnvironment env, DiffEncTransformer model, ImportanceSamplingOptions options)
    {
        _host = env.Register(nameof(ImportanceSamplingEstimator));
        _model = model;
        _options = options.Copy(); // what the caller changes from here on is not checked
        _seed = options.Seed ?? model.Settings.Seed;
        Check(options.Images >= 1, nameof(options.Images), options.Images, "at least 1");
        Check(options.Bins is >= 2 and <= TimeDensity.MostBins, nameof(options.Bins), options.Bins, $"2..{TimeDensity.MostBins}");
        Check(
            options.Floor is >= TimeDensity.Least and <= 1, nameof(options.Floor), options.Floor,
            string.Create(CultureInfo.InvariantCulture, $"{TimeDensity.Least}..1"));
    }

    /// <summary>Measures the losses on some of the images, which are read once.</summary>
    /// <returns>
    /// A transformer that shares the model, and is otherwise as the given one; each of the two has to be disposed. The density is saved with it.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type or size.</exception>
    /// <exception cref="InvalidOperationException">There are no images; one is missing or holds values that are no pixels; or the model's losses
    /// are not finite.</exception>
    /// <exception cref="ObjectDisposedException">The model's transformer is disposed.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
    public DiffEncTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var channel = _host.Start("Importance sampling");
        byte[] pixels = PixelBatches.Sample(_host, input, _model.ImageColumn, _options.Images, _seed, _options.CancellationToken);
        var calibration = Calibrate(pixels);
        var settings = _model.Settings;
        var density = calibration.Density(settings.TimesPerDraw, _options.Floor) ?? throw new InvalidOperationException(
            "The model's diffusion loss is not finite on these images: no density of times can be measured. Check that the training went well.");
        channel.Info(MessageSensitivity.None, string.Create(
            CultureInfo.InvariantCulture, $"Times have a density from {density.Values.Min():G3} to {density.Values.Max():G3}."));
        return new DiffEncTransformer(_host, _model.Share(), settings with { TimeDensity = density });
    }

    /// <summary>The schema with the likelihood columns, all <see cref="float"/>: see <see cref="DiffEncTransformer"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _model.ImageColumn.Check(inputSchema);
        return LikelihoodColumns.AppendTo(inputSchema);
    }

    private TimeCalibration Calibrate(byte[] pixels)
    {
        var calibration = new TimeCalibration(_options.Bins);
        var scorer = new LikelihoodScorer(_model.Model, TimeCalibration.Draws(_options.Bins, _seed)); // at uniform times
        int size = _model.ImageColumn.ValuesPerImage, images = pixels.Length / size;
        for (int done = 0; done < images; done += scorer.ImagesPerPass)
        {
            _options.CancellationToken.ThrowIfCancellationRequested();
            _host.CheckAlive();
            int first = done, count = Math.Min(scorer.ImagesPerPass, images - done);
            foreach (var image in _model.Compute(_ => scorer.Draw(pixels.AsSpan(first * size, count * size), count)))
                calibration.Add(image);
            _options.Progress?.Report(new ScoringProgress(done + count, images));
        }
        return calibration;
    }

    private static void Check<T>(bool holds, string name, T value, string expected)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(name, string.Create(CultureInfo.InvariantCulture, $"The option {name} is {value}; expected {expected}."));
    }
}
