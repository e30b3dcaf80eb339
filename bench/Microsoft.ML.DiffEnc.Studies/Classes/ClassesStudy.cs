using System.Diagnostics;
using Microsoft.ML.Data;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Classes;

/// <summary>What labels give; likelihoods in bits per dimension, with standard errors over the images.</summary>
internal sealed record ClassesResults(
    int Images, double Seconds, double Unconditional, double UnconditionalError, double Difference, double DifferenceError, double Accuracy);

/// <summary>Trains with labels, then scores held-out images with and without their class and classifies them by Bayes' rule.</summary>
internal sealed class ClassesStudy(string path, int seed, int? gpu, CancellationToken cancellation)
{
    public ClassesResults Run(int steps, int test, string? output)
    {
        var ml = new MLContext(seed) { GpuDeviceId = gpu };
        IDataView train = StudyImages.View(ml, path, "train"), held = StudyImages.View(ml, path, "t10k");
        var keys = ml.Transforms.Conversion.MapValueToKey("Class", "Label", keyOrdinality: Transforms.ValueToKeyMappingEstimator.KeyOrdinality.ByValue).Fit(train);
        var (width, height) = StudyImages.Size(train);
        var clock = Stopwatch.StartNew();
        DiffEncTransformer? trained = null;
        AnsiConsole.Progress().Start(progress =>
        {
            var task = progress.AddTask("training", maxValue: steps);
            trained = ml.Generative().DiffEnc(new DiffEncTrainer.Options
            {
                Width = width,
                Height = height,
                Channels = 1,
                Preset = DiffEncPreset.Tiny,
                Steps = steps,
                LabelColumnName = "Class",
                Progress = new Reporter(p => task.Value = p.Step),
                CancellationToken = cancellation,
            }).Fit(keys.Transform(train));
        });
        double seconds = clock.Elapsed.TotalSeconds;
        using var model = trained!;
        if (output is not null)
            ml.Model.Save(model, keys.Transform(train).Schema, output);

        IDataView some = keys.Transform(ml.Data.TakeRows(held, test));
        using var conditional = model.ConditionedOn("Class");
        double[] without = Bits(model.Transform(some)), given = Bits(conditional.Transform(some));
        var (mean, error) = MeanOf(without);
        var (difference, differenceError) = MeanOf([.. given.Zip(without, (g, w) => g - w)]);
        using var classifier = ml.Generative().BayesClassifier(model).Fit(some);
        var metrics = ml.MulticlassClassification.Evaluate(classifier.Transform(some), labelColumnName: "Class");
        return new(without.Length, seconds, mean, error, difference, differenceError, metrics.MicroAccuracy);
    }

    private static double[] Bits(IDataView scored) => [.. scored.GetColumn<float>("BitsPerDimension").Select(b => (double)b)];

    private static (double Mean, double Error) MeanOf(double[] values)
    {
        double mean = values.Average();
        return (mean, Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1) / values.Length));
    }

    /// <summary>Calls back at once, on the training's thread.</summary>
    private sealed class Reporter(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }
}
