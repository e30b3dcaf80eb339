using System.Text.Json;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Persistence;
using Microsoft.ML.DiffEnc.Trainers;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Evaluation.Reports;

/// <summary>Scores images in one pass over the data, and sums up.</summary>
internal sealed class Reporter
{
    private const int MostStrata = 1000;

    private readonly IHost _host;
    private readonly DiffEncTransformer _transformer;
    private readonly LikelihoodReportOptions _options;
    private readonly ScoringSettings _settings;
    private readonly double _unit;
    private readonly LossSums _bound = new(), _reconstruction = new(), _latent = new(), _diffusion = new();
    private readonly CurveSums _curve;
    private readonly List<Likelihood> _images = [];

    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public Reporter(IHostEnvironment env, DiffEncTransformer transformer, LikelihoodReportOptions options)
    {
        _host = env.Register(nameof(LikelihoodReport));
        _transformer = transformer;
        _options = options;
        var model = transformer.Settings;
        var (draws, times) = (options.Draws ?? model.Draws, options.TimesPerDraw ?? model.TimesPerDraw);
        _settings = model with
        {
            Draws = Refusals.InRange(draws, 1, ScoringSettings.MostDraws, nameof(options.Draws)),
            TimesPerDraw = Refusals.InRange(times, 1, ScoringSettings.MostTimesPerDraw, nameof(options.TimesPerDraw)),
            Seed = options.Seed ?? model.Seed,
        };
        _curve = new CurveSums(Refusals.InRange(options.Strata, 1, MostStrata, nameof(options.Strata)));
        _unit = transformer.Model.Description.NatsPerBitPerDimension;
    }

    public LikelihoodReport Run(IDataView data)
    {
        var draws = new ScoringDraws(_settings.Draws, _settings.TimesPerDraw, _settings.Seed);
        var estimate = _settings.Estimate(_transformer.Model);
        var scorer = new LikelihoodScorer(_transformer.Model, draws, diffusion: estimate);
        var column = _transformer.ImageColumn;
        var pixels = new byte[scorer.ImagesPerPass * column.ValuesPerImage];
        var classes = new int[scorer.ImagesPerPass];
        long? rows = data.GetRowCount();
        foreach (int count in PixelBatches.Read(_host, data, column, pixels, _options.CancellationToken, _transformer.LabelColumn, classes))
        {
            foreach (var image in _transformer.Compute(_ => scorer.Draw(pixels.AsSpan(0, count * column.ValuesPerImage), count, classes.AsSpan(0, count))))
                Add(image);
            _options.Progress?.Report(new ScoringProgress(_images.Count, rows));
        }
        return Report(estimate);
    }

    private void Add(ImageDraws image)
    {
        var diffusion = new double[image.Sets];
        var bound = new double[image.Sets];
        for (int k = 0; k < image.Sets; k++)
        {
            diffusion[k] = image.DiffusionOf(k);
            bound[k] = image.Reconstruction[k] + image.Latent + diffusion[k];
        }
        _bound.Add(bound);
        _reconstruction.Add(image.Reconstruction);
        _latent.Add(image.Latent);
        _diffusion.Add(diffusion);
        _curve.Add(image);
        _images.Add(image.Summarise(_unit));
    }

    private LikelihoodReport Report(DiffusionEstimate estimate)
    {
        using var scoring = new MemoryStream();
        _settings.Write(scoring);
        var model = ModelFile.Describe(_transformer.Model.Description);
        return new LikelihoodReport(JsonElement.Parse(scoring.ToArray()), JsonElement.Parse(model))
        {
            Images = _images.AsReadOnly(),
            BitsPerDimension = _bound.Estimate(_unit),
            ReconstructionLoss = _reconstruction.Estimate(_unit),
            LatentLoss = _latent.Estimate(_unit),
            DiffusionLoss = _diffusion.Estimate(_unit),
            NatsPerImage = _bound.Estimate(1),
            DiffusionLossOverTime = Array.AsReadOnly(_curve.Estimate(_transformer.Compute(Gammas), _unit)),
            Draws = _settings.Draws,
            TimesPerDraw = _settings.TimesPerDraw,
            Seed = _settings.Seed,
            Estimator = estimate.Name,
        };
    }

    /// <summary>γ where the strata meet.</summary>
    private double[] Gammas(DiffEncModel model)
    {
        using var section = ComputeSection.Enter();
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        double[] times = [.. Enumerable.Range(0, _options.Strata + 1).Select(i => (double)i / _options.Strata)];
        return [.. model.Schedule.At(tensor(times, device: model.Device)).Gamma.to(float64).cpu().data<double>()];
    }
}
