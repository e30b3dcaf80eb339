using System.Diagnostics;
using LikelihoodScoring;
using LikelihoodScoring.Data;
using Microsoft.ML;
using Microsoft.ML.DiffEnc;

namespace AnomalyService.Detection;

/// <summary>A detector to try the service with: of what is no digit as samples/LikelihoodScoring draws them, white on black.</summary>
internal static class DrawnDigitDetector
{
    private const int Seed = 1, NormalImages = 600;

    /// <summary>The path of the detector, which is trained and saved if it is not there yet.</summary>
    /// <exception cref="UsageException">Nothing can be written to <paramref name="folder"/>.</exception>
    public static string Prepare(string folder)
    {
        string path = Path.Combine(folder, "detector.zip");
        if (File.Exists(path))
            return path;
        OutputFiles.CheckFolder(folder, "--output");
        using var cancellation = new CancellationTokenSource();
        void Cancel(object? sender, ConsoleCancelEventArgs key)
        {
            key.Cancel = true;
            cancellation.Cancel();
        }
        Console.CancelKeyPress += Cancel;
        try
        {
            Train(path, cancellation.Token);
        }
        finally
        {
            Console.CancelKeyPress -= Cancel;
        }
        return path;
    }

    private static void Train(string path, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var ml = new MLContext(Seed);
        ImageSet digits = DrawnImages.Draw(ml, new Settings { Seed = Seed, TestImages = NormalImages, Encoders = [], Output = "" });
        Console.WriteLine("No --model: training a detector on digits that the program draws, which takes minutes …");
        using DiffEncTransformer model = ml.Generative().DiffEnc(new DiffEncTrainer.Options
        {
            InputColumnName = "Image",
            Width = digits.Width,
            Height = digits.Height,
            Channels = digits.Channels,
            Preset = DiffEncPreset.Tiny,
            Progress = new Lines(),
            CancellationToken = cancellation
        }).Fit(digits.Train);

        Console.WriteLine($"Learning from {NormalImages} further digits what is normal …");
        IDataView normal = ml.Data.FilterRowsByColumn(digits.Test, "Label", upperBound: 0.5);
        using AnomalyTransformer detector = ml.Generative().DetectAnomalies(model, new AnomalyOptions
        {
            FalsePositiveRate = 0.01,
            AnomalyMapColumnName = "Map",
            CancellationToken = cancellation
        }).Fit(normal);
        OutputFiles.WriteWhole(path, unfinished => ml.Model.Save(detector, normal.Schema, unfinished));
        Console.WriteLine($"Saved {path} after {clock.Elapsed.TotalSeconds:0} s; the next start loads it.");
    }

    /// <summary>A line of progress every tenth of the way.</summary>
    private sealed class Lines : IProgress<TrainingProgress>
    {
        private int _tenths;

        public void Report(TrainingProgress value)
        {
            int tenths = 10 * value.Step / value.Steps;
            if (tenths == _tenths)
                return;
            _tenths = tenths;
            Console.WriteLine($"  step {value.Step} of {value.Steps}: {value.BitsPerDimension:0.00} bits/dim");
        }
    }
}
