using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.DiffEnc;
using Spectre.Console;

namespace SemiSupervised;

/// <summary>Trains without labels, describes pictures by what the model makes of them, and shows what a few labels are worth then.</summary>
internal sealed class Experiment(Settings settings, CancellationToken cancellation)
{
    private const string NeighboursFile = "neighbours.png";

    private readonly MLContext _ml = new(settings.Seed) { GpuDeviceId = settings.Gpu };

    public void Run()
    {
        var clock = Stopwatch.StartNew();
        LabeledPictures pictures = LabeledPictures.Load(_ml, settings);
        AnsiConsole.MarkupLineInterpolated(
            $"Pictures: {pictures.Description}, {pictures.Width}×{pictures.Height}, {pictures.Train.Length} to train on, {pictures.Test.Length} others");
        using DiffEncTransformer model = PictureModel.Get(_ml, pictures, settings, cancellation);

        IReadOnlyList<PictureFeatures> all = PictureFeatures.All(_ml, pictures, model, cancellation);
        foreach (PictureFeatures features in all)
            AnsiConsole.WriteLine(
                $"  {features.Name}, {features.Test[0].Length} numbers: " +
                $"{new Neighbours(pictures, features).ShareOfOwnClass():P1} of {Neighbours.Count} neighbours are of the same class");
        new Neighbours(pictures, all[^1]).Save(Path.Combine(settings.Output, NeighboursFile));
        AnsiConsole.MarkupLineInterpolated($"Described after {clock.Elapsed.TotalSeconds:F0} s; now the classifiers");

        AnsiConsole.Write(new Comparison(_ml, pictures, settings, cancellation).Run(all));
        AnsiConsole.MarkupLineInterpolated($"A test picture of each class and its neighbours: {Path.Combine(settings.Output, NeighboursFile)}");
        AnsiConsole.MarkupLineInterpolated($"Done in {clock.Elapsed.TotalSeconds:F0} s.");
    }
}
