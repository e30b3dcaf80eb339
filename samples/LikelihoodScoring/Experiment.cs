using System.Diagnostics;
using LikelihoodScoring.Baselines;
using LikelihoodScoring.Data;
using LikelihoodScoring.Reporting;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;

namespace LikelihoodScoring;

/// <summary>The main job from start to end: train, score, evaluate, save, load elsewhere, generate.</summary>
internal sealed class Experiment(Settings settings, CancellationToken cancellation)
{
    private const int GeneratedImages = 24, GenerationSteps = 100;
    private const int RescoredImages = 32;

    private readonly MLContext _ml = NewContext(settings);
    private readonly ConsoleReport _report = new(settings);

    public void Run()
    {
        var clock = Stopwatch.StartNew();
        ImageSet images = ImageSets.Load(_ml, settings);
        _report.Start(images);

        // One encoder, or three to compare; the last one's model is reported in full.
        var runs = new List<EncoderRun>();
        TransformerChain<DiffEncTransformer>? model = null;
        ScoredImage[] scored = [];
        foreach (EncoderKind encoder in settings.Encoders)
        {
            model?.LastTransformer.Dispose();
            model = Train(images, encoder, out TrainingDisplay training);
            scored = Score(_ml, model, images.Test, "Scoring held-out and odd pictures");
            runs.Add(Evaluate(encoder, training, scored) with { Norms = EncoderNorms.Measure(model.LastTransformer.Model, encoder, images) });
        }

        string modelPath = Path.Combine(settings.Output, "model.zip");
        OutputFiles.WriteWhole(modelPath, unfinished => _ml.Model.Save(model, images.Train.Schema, unfinished));
        double difference = DifferenceAfterLoading(modelPath, images, scored);

        LikelihoodReport heldOut = Report(model!.LastTransformer, images);
        var generation = new GenerationOptions { Steps = GenerationSteps, Seed = settings.Seed, CancellationToken = cancellation };
        IReadOnlyList<MLImage> generated =
            Terminal.Wait("Generating pictures", () => model.LastTransformer.Generate(GeneratedImages, generation));
        new PictureReport(settings.Output, images).Save(runs, scored, heldOut, generated);

        var results = new Results
        {
            Settings = settings,
            Pictures = images.Description,
            LeftOut = images.LeftOut,
            Size = images.Size,
            Encoders = runs,
            OddKinds = [.. images.OddKinds.Select((name, k) => EvaluateKind(name, k + 1, scored))],
            Baselines = BaselineFigures.Measure(images, runs[^1].HeldOut.BitsPerDimension),
            LargestDifferenceAfterLoading = difference,
            TotalSeconds = clock.Elapsed.TotalSeconds
        };
        _report.Finish(results, heldOut);
        FiguresFile.Save(settings.Json, results);
    }

    private TransformerChain<DiffEncTransformer> Train(ImageSet images, EncoderKind encoder, out TrainingDisplay training)
    {
        using var display = training = new TrainingDisplay($"Training, encoder: {Names.Of(encoder)}");
        var pipeline = images.Preparation.Append(_ml.Generative().DiffEnc(new DiffEncTrainer.Options
        {
            InputColumnName = "Image",
            Width = images.Width,
            Height = images.Height,
            Channels = images.Channels,
            Preset = settings.Preset,
            Encoder = encoder,
            Steps = settings.Steps,
            ScoringDraws = settings.Draws,
            ValidationSet = images.Prepare(images.Validation),
            Progress = display,
            CancellationToken = cancellation
        }));
        return pipeline.Fit(images.Train);
    }

    /// <summary>Scores every picture once: Transform is lazy and would score anew for each evaluation.</summary>
    private ScoredImage[] Score(MLContext ml, ITransformer model, IDataView test, string what) => Terminal.Wait(what, () =>
        ml.Data.CreateEnumerable<ScoredImage>(model.Transform(test), reuseRowObject: false).Select(Checked).ToArray());

    /// <summary>Everything about the held-out normal pictures: errors over pictures and over draws, and where in time the loss comes from.</summary>
    private LikelihoodReport Report(DiffEncTransformer model, ImageSet images)
    {
        IDataView heldOut = images.Prepare(_ml.Data.FilterRowsByColumn(images.Test, "Label", upperBound: 0.5));
        LikelihoodReport report = Terminal.Wait("Reporting on the held-out pictures", () =>
            _ml.Generative().Report(model, heldOut, new LikelihoodReportOptions { CancellationToken = cancellation }));
        report.SaveJson(Path.Combine(settings.Output, ConsoleReport.JsonFile));
        report.SaveImagesCsv(Path.Combine(settings.Output, ConsoleReport.ImagesFile));
        report.SaveCurveCsv(Path.Combine(settings.Output, ConsoleReport.CurveFile));
        return report;
    }

    private ScoredImage Checked(ScoredImage row)
    {
        cancellation.ThrowIfCancellationRequested();
        return row;
    }

    private EncoderRun Evaluate(EncoderKind encoder, TrainingDisplay training, ScoredImage[] scored)
    {
        IDataView all = _ml.Data.LoadFromEnumerable(scored);
        IDataView normal = _ml.Data.FilterRowsByColumn(all, "Label", upperBound: 0.5);
        IDataView odd = _ml.Data.FilterRowsByColumn(all, "Label", lowerBound: 0.5);
        bool anyOdd = scored.Any(row => row.IsOdd);
        return new EncoderRun
        {
            Encoder = encoder,
            HeldOut = _ml.Generative().Evaluate(normal),
            Odd = anyOdd ? _ml.Generative().Evaluate(odd) : null,
            AreaUnderRocCurve = anyOdd ? AreaUnderRocCurve(all) : null,
            TrainingSeconds = training.Elapsed.TotalSeconds,
            Training = training.History
        };
    }

    private OddKind EvaluateKind(string name, int kind, ScoredImage[] scored)
    {
        ScoredImage[] ofKind = [.. scored.Where(row => row.Kind == kind)];
        double auroc = AreaUnderRocCurve(_ml.Data.LoadFromEnumerable(scored.Where(row => !row.IsOdd).Concat(ofKind)));
        return new OddKind(name, ofKind.Length, ofKind.Average(row => row.BitsPerDimension), auroc);
    }

    /// <summary>The label is a Single, 1 for an anomaly; the evaluator also wants a predicted label, which only its other metrics use.</summary>
    private double AreaUnderRocCurve(IDataView scored) => _ml.AnomalyDetection
        .Evaluate(scored, labelColumnName: "Label", scoreColumnName: "Score", predictedLabelColumnName: "Score")
        .AreaUnderRocCurve;

    /// <summary>As another program would: a fresh context, nothing registered.</summary>
    private double DifferenceAfterLoading(string modelPath, ImageSet images, ScoredImage[] scored)
    {
        MLContext elsewhere = NewContext(settings);
        ITransformer loaded = elsewhere.Model.Load(modelPath, out _);
        IDataView some = elsewhere.Data.TakeRows(images.Test, RescoredImages);
        ScoredImage[] rescored = Score(elsewhere, loaded, some, "Scoring again with the saved and loaded model");
        DiffEncTransformer.FindIn(loaded).Dispose();
        return rescored.Zip(scored, (again, before) => Math.Abs(again.Score - before.Score)).Max();
    }

    private static MLContext NewContext(Settings settings) => new(settings.Seed) { GpuDeviceId = settings.Gpu };
}
