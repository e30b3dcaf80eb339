using Microsoft.ML;
using Spectre.Console;

namespace SemiSupervised;

/// <summary>What each classifier reaches on each kind of features with few, more and all labels.</summary>
internal sealed class Comparison(MLContext ml, LabeledPictures pictures, Settings settings, CancellationToken cancellation)
{
    private readonly int[] _classes = [.. pictures.Train.Select(p => p.Class)], _testClasses = [.. pictures.Test.Select(p => p.Class)];

    /// <summary>Under each classifier a row for each kind of features, a column for each number of labels.</summary>
    public Table Run(IReadOnlyList<PictureFeatures> all)
    {
        int[] counts = [.. settings.Labels.Where(n => n < pictures.Train.Length), pictures.Train.Length];
        var table = new Table().RoundedBorder()
            .Title($"Accuracy on {pictures.Test.Length} other pictures, by number of labels")
            .Caption($"Mean (lowest–highest) of {settings.Draws} draws of the labelled pictures");
        table.AddColumn("learned from");
        foreach (int count in counts)
            table.AddColumn(new TableColumn(count == pictures.Train.Length ? $"all {count}" : $"{count}").RightAligned());
        foreach (var (name, trainer) in Classifiers.Of(ml))
        {
            table.AddRow(name);
            foreach (PictureFeatures features in all)
                table.AddRow([$"  {features.Name}", .. counts.Select(count => Cell(trainer, features, count))]);
        }
        return table;
    }

    private string Cell(IEstimator<ITransformer> trainer, PictureFeatures features, int count)
    {
        int draws = count == pictures.Train.Length ? 1 : settings.Draws;
        double[] found = [.. Enumerable.Range(0, draws).Select(draw => Accuracy(trainer, features, Drawn(count, draw)))];
        return draws == 1 ? $"{found[0]:F3}" : $"{found.Average():F3} ({found.Min():F3}–{found.Max():F3})";
    }

    /// <summary>The labelled pictures of a draw: the same for every classifier and every kind of features.</summary>
    private int[] Drawn(int count, int draw)
    {
        int[] order = [.. Enumerable.Range(0, pictures.Train.Length)];
        new Random(unchecked(settings.Seed * 1009 + draw)).Shuffle(order);
        return order[..count];
    }

    private double Accuracy(IEstimator<ITransformer> trainer, PictureFeatures features, int[] labelled)
    {
        cancellation.ThrowIfCancellationRequested();
        float[][] known = [.. labelled.Select(i => features.Train[i])];
        ITransformer classifier = trainer.Fit(FeatureRows.View(ml, known, [.. labelled.Select(i => _classes[i])], pictures.Classes));
        IDataView test = FeatureRows.View(ml, features.Test, _testClasses, pictures.Classes);
        return ml.MulticlassClassification.Evaluate(classifier.Transform(test)).MicroAccuracy;
    }
}
