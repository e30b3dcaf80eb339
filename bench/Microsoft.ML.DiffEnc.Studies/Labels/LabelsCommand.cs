using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Labels;

/// <summary>The sub-command <c>labels</c>: which representation serves a classifier with few labels.</summary>
internal static class LabelsCommand
{
    private static readonly RepresentationKind[] _ofBlocks = [RepresentationKind.DenoiserFeatures, RepresentationKind.EncoderFeatures];

    public static System.CommandLine.Command Create()
    {
        var path = StudyOptions.Path();
        var model = new Option<string>("--model")
        {
            Description = "A saved ML.NET model with a DiffEnc transformer in it. Where there is none, one is trained and saved.",
            Required = true,
        };
        var steps = StudyOptions.Count("--steps", "Training steps of the preset Tiny, without labels, on the first 50,000 training images.", 800);
        var labels = Several("--labels", "Numbers of labelled images, besides all of them.", 100, 1000);
        var labelled = StudyOptions.Count("--labelled", "Images that labels are drawn from: as many are all labels.", 5000, least: 20);
        var draws = StudyOptions.Count("--draws", "Draws of the labelled images.", 5, least: 2);
        var validation = StudyOptions.Count("--validation", "Images on which the classifiers are measured.", 500, least: 10);
        var times = Several("--times", "The times of the representations.", 0.3f);
        var blocks = Several("--blocks", "The blocks of denoiser and encoder, where they have them.", "down.0", "mid1");
        var normalizations = Several("--normalizations", "What is done to features of blocks.", FeatureNormalization.Rectified, FeatureNormalization.None);
        var test = new Option<bool>("--test")
        {
            Description = "Measures in the test set, with labels of the whole training set: once, when all has been chosen on images of the training set.",
        };
        var command = new System.CommandLine.Command(
            "labels", "Accuracy of ML.NET's linear classifiers with few labels: on pixels, on principal components and on the model's representations.")
        {
            model, path, steps, labels, labelled, draws, validation, times, blocks, normalizations, test
        };
        command.SetAction((parsed, cancellation) =>
        {
            var ml = new MLContext(seed: 1);
            var study = new LabelsStudy(
                ml, parsed.GetRequiredValue(path), parsed.GetValue(validation), parsed.GetValue(labelled), parsed.GetValue(test), cancellation);
            using var loaded = study.Model(parsed.GetRequiredValue(model), parsed.GetValue(steps));
            int[] counts = [.. parsed.GetValue(labels)!.Where(n => n < study.Labelled), study.Labelled];
            Table table = NewTable(counts);
            void Add(string name, ITransformer features)
            {
                foreach (LabelsFigure figure in study.Run(features, counts, parsed.GetValue(draws)))
                    table.AddRow([name, $"{figure.Size}", figure.Classifier, .. figure.Accuracies.Select(Text)]);
                AnsiConsole.WriteLine(name); // a sign of life
            }
            foreach (var (name, features) in study.Baselines())
                Add(name, features);
            foreach (RepresentationOptions options in Candidates(loaded, parsed.GetValue(blocks)!, parsed.GetValue(normalizations)!, parsed.GetValue(times)!))
            {
                using var features = study.Representation(loaded, options);
                Add(Name(options), features);
            }
            AnsiConsole.Write(table);
            return Task.CompletedTask;
        });
        return command;
    }

    private static IEnumerable<RepresentationOptions> Candidates(
        DiffEncTransformer model, string[] blocks, FeatureNormalization[] normalizations, float[] times)
        => from kind in _ofBlocks
           where kind == RepresentationKind.DenoiserFeatures || model.Model.NamedParameters.Keys.Any(name => name.StartsWith("encoder.", StringComparison.Ordinal))
           from block in blocks
           from normalization in normalizations
           from time in times
           select new RepresentationOptions { OutputColumnName = "Features", Kind = kind, Block = block, Normalization = normalization, Times = [time] };

    private static Option<T[]> Several<T>(string name, string description, params T[] usual) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => usual,
        AllowMultipleArgumentsPerToken = true,
    };

    private static Table NewTable(int[] counts)
    {
        var table = new Table().RoundedBorder().Title("Accuracy by number of labels: mean over the draws ± standard deviation");
        table.AddColumn("features").AddColumn(new TableColumn("size").RightAligned()).AddColumn("classifier");
        foreach (int count in counts)
            table.AddColumn(new TableColumn($"{count}").RightAligned());
        return table;
    }

    private static string Text(double[] accuracies)
    {
        double mean = accuracies.Average();
        if (accuracies.Length == 1)
            return mean.ToString("F3", CultureInfo.InvariantCulture);
        double deviation = Math.Sqrt(accuracies.Sum(a => Math.Pow(a - mean, 2)) / (accuracies.Length - 1));
        return string.Create(CultureInfo.InvariantCulture, $"{mean:F3} ± {deviation:F3}");
    }

    private static string Name(RepresentationOptions of)
    {
        string network = of.Kind == RepresentationKind.DenoiserFeatures ? "denoiser" : "encoder";
        return FormattableString.Invariant($"{network} {of.Block}, t = {of.Times[0]}, {of.Normalization}");
    }
}
