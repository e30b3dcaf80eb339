using System.Diagnostics;
using AnomalyDetection.Methods;
using AnomalyDetection.Reporting;
using LikelihoodScoring;
using LikelihoodScoring.Data;
using LikelihoodScoring.Reporting;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;

namespace AnomalyDetection;

/// <summary>The job from start to end: train or load, calibrate, score, compare, save, load elsewhere, change the threshold.</summary>
internal sealed class Experiment(DetectionSettings settings, CancellationToken cancellation)
{
    private const string MapColumn = "Map";
    private const int RescoredImages = 32;

    // A second threshold: this share of the wanted false-positive rate.
    private const double Stricter = 0.2;

    private readonly Settings _run = settings.Pictures;
    private readonly MLContext _ml = NewContext(settings.Pictures);

    public void Run()
    {
        var clock = Stopwatch.StartNew();
        ImageSet images = ImageSets.Load(_ml, _run);
        if (images.OddKinds.Count == 0)
            throw new UsageException("There are no odd pictures to find. Name a folder of some with --odd, or leave a class out.");
        ConsoleReport.Start(settings, images);

        using DiffEncTransformer model = Model(images);
        TransformerChain<AnomalyTransformer> pipeline = Calibrate(images, model);
        using AnomalyTransformer detector = pipeline.LastTransformer;
        ScoredPicture[] scored = Terminal.Wait(
            "Scoring held-out and odd pictures", () => ScoredPicture.ReadAll(pipeline.Transform(images.Test), MapColumn, cancellation));
        ScoredPicture[] likelihood = Terminal.Wait("Scoring them by their likelihood alone", () => ByLikelihood(images, model));
        ScoredPicture[] components = Terminal.Wait(
            "Scoring them by the principal components of their pixels", () => PixelComponents.Score(_ml, images, _run.Seed));
        (string Name, ScoredPicture[] Scored)[] methods =
            [("default score", scored), ("bits/dim", likelihood), ("RandomizedPca", components)];

        string path = Path.Combine(_run.Output, "detector.zip");
        OutputFiles.WriteWhole(path, unfinished => _ml.Model.Save(pipeline, images.Calibration.Schema, unfinished));
        var (difference, strict) = LoadAndChange(path, images, scored);

        RocChart.Save(Path.Combine(_run.Output, ConsoleReport.RocFile), methods);
        new MapSheet(images).Save(Path.Combine(_run.Output, ConsoleReport.MapsFile), scored);
        var results = new Results
        {
            Settings = settings,
            Pictures = images.Description,
            Methods = [.. methods.Select(method => Evaluate(method.Name, method.Scored, images.OddKinds))],
            Stock = StockEvaluation(scored),
            Thresholds =
            [
                ThresholdResult.Of(settings.FalsePositiveRate, detector.Threshold, scored),
                ThresholdResult.Of(Stricter * settings.FalsePositiveRate, strict, scored)
            ],
            PValues =
            [
                PValueShares.Of("held-out normal", [.. scored.Where(row => row.Kind == 0)]),
                .. images.OddKinds.Select((name, k) => PValueShares.Of(name, [.. scored.Where(row => row.Kind == k + 1)]))
            ],
            LargestDifferenceAfterLoading = difference,
            TotalSeconds = clock.Elapsed.TotalSeconds
        };
        ConsoleReport.Finish(results);
        FiguresFile.Save(_run.Json, results);
    }

    private DiffEncTransformer Model(ImageSet images)
    {
        if (settings.Model is string path)
            return DiffEncTransformer.FindIn(_ml.Model.Load(path, out _));
        using var display = new TrainingDisplay("Training");
        var pipeline = images.Preparation.Append(_ml.Generative().DiffEnc(new DiffEncTrainer.Options
        {
            InputColumnName = "Image",
            Width = images.Width,
            Height = images.Height,
            Channels = images.Channels,
            Preset = _run.Preset,
            Steps = _run.Steps,
            ValidationSet = images.Prepare(images.Validation),
            Progress = display,
            CancellationToken = cancellation
        }));
        TransformerChain<DiffEncTransformer> trained = pipeline.Fit(images.Train);
        OutputFiles.WriteWhole(Path.Combine(_run.Output, "model.zip"), unfinished => _ml.Model.Save(trained, images.Train.Schema, unfinished));
        return trained.LastTransformer;
    }

    /// <summary>What prepares the pictures, and behind it a detector that has learned from pictures which the model was not trained on.</summary>
    private TransformerChain<AnomalyTransformer> Calibrate(ImageSet images, DiffEncTransformer model) => Terminal.Wait(
        $"Learning from {images.Calibration.GetRowCount()} further normal pictures what is normal", () =>
            images.Preparation.Append(_ml.Generative().DetectAnomalies(model, new AnomalyOptions
            {
                FalsePositiveRate = settings.FalsePositiveRate,
                AnomalyMapColumnName = MapColumn,
                Progress = new CalibrationLines(),
                CancellationToken = cancellation
            })).Fit(images.Calibration));

    /// <summary>The score that most would try first: how unlikely a picture is, as the model itself says.</summary>
    private static ScoredPicture[] ByLikelihood(ImageSet images, DiffEncTransformer model) =>
        ScoredPicture.WithoutVerdicts(images.Test, model.Transform(images.Prepare(images.Test)).GetColumn<float>("Score"));

    private MethodResult Evaluate(string name, ScoredPicture[] scored, IReadOnlyList<string> kinds)
    {
        AnomalyMetrics Of(IEnumerable<ScoredPicture> rows) => _ml.Generative().EvaluateAnomalies(_ml.Data.LoadFromEnumerable(rows.ToArray()));
        return new(name, Of(scored), [.. kinds.Select((kind, k) => new KindResult(kind, Of(scored.Where(row => row.Kind == 0 || row.Kind == k + 1))))]);
    }

    /// <summary>ML.NET's own evaluation reads the same columns.</summary>
    private StockFigures StockEvaluation(ScoredPicture[] scored)
    {
        int allowed = Math.Max(1, (int)(settings.FalsePositiveRate * scored.Count(row => row.Kind == 0)));
        AnomalyDetectionMetrics metrics = _ml.AnomalyDetection.Evaluate(_ml.Data.LoadFromEnumerable(scored), falsePositiveCount: allowed);
        return new(metrics.AreaUnderRocCurve, metrics.DetectionRateAtFalsePositiveCount, allowed);
    }

    /// <summary>
    /// As another program would: a fresh context, nothing registered. It scores some pictures again, and takes a stricter threshold from their p-values.
    /// </summary>
    private (double Difference, float Threshold) LoadAndChange(string path, ImageSet images, ScoredPicture[] scored)
    {
        MLContext elsewhere = NewContext(_run);
        var loaded = (TransformerChain<ITransformer>)elsewhere.Model.Load(path, out _);
        using var detector = (AnomalyTransformer)loaded.LastTransformer;
        // Some from the end of the normal ones, and some odd ones behind them.
        int first = Math.Max(1, scored.Count(row => row.Kind == 0) - RescoredImages / 2);
        IDataView some = elsewhere.Data.TakeRows(elsewhere.Data.SkipRows(images.Test, first), RescoredImages);
        ScoredPicture[] again = Terminal.Wait(
            "Scoring again with the saved and loaded detector", () => ScoredPicture.ReadAll(loaded.Transform(some), mapColumn: null, cancellation));
        double difference = again.Zip(scored.Skip(first), (now, before) => Math.Abs(now.Score - before.Score)).Max();

        float highestNot = scored.Where(row => row.PValue > Stricter * settings.FalsePositiveRate).Max(row => row.Score);
        using AnomalyTransformer strict = detector.ChangeThreshold(highestNot);
        return (difference, strict.Threshold);
    }

    private static MLContext NewContext(Settings settings) => new(settings.Seed) { GpuDeviceId = settings.Gpu };
}
