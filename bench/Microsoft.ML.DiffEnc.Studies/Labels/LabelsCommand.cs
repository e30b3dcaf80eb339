using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Labels;

/// <summary>The sub-command <c>labels</c>: which representation serves a classifier with few labels.</summary>
internal static class LabelsCommand
{
    public static System.CommandLine.Command Create()
    {
        var (model, path) = (StudyOptions.Model(), StudyOptions.Path());
        var labels = StudyOptions.Count("--labels", "Labelled images.", 100, least: 10);
        var draws = StudyOptions.Count("--draws", "Draws of the labelled images.", 5, least: 2);
        var validation = StudyOptions.Count("--validation", "Images on which the classifiers are measured.", 500, least: 10);
        var times = new Option<float[]>("--times")
        {
            Description = "The times of the representations.",
            DefaultValueFactory = _ => [0.1f, 0.4f, 0.7f],
            AllowMultipleArgumentsPerToken = true,
        };
        var command = new System.CommandLine.Command(
            "labels", "Accuracy of a linear classifier with few labels: on pixels, on principal components and on the model's representations.")
        {
            model, path, labels, draws, validation, times
        };
        command.SetAction((parsed, cancellation) =>
        {
            var ml = new MLContext(seed: 1);
            using var loaded = DiffEncTransformer.FindIn(ml.Model.Load(parsed.GetRequiredValue(model), out _));
            var study = new LabelsStudy(ml, parsed.GetRequiredValue(path), parsed.GetValue(labels), parsed.GetValue(validation), cancellation);
            var options = new RepresentationSearchOptions
            {
                Kinds = [RepresentationKind.DenoiserFeatures, RepresentationKind.EncoderFeatures, RepresentationKind.Encoding],
                Blocks = ["down.0", "mid1", "mid2"],
                Times = parsed.GetValue(times)!,
                CancellationToken = cancellation,
            };
            var found = new List<(string Name, double Accuracy)>();
            for (int draw = 1; draw <= parsed.GetValue(draws); draw++)
                found.AddRange(study.Run(loaded, options, draw));
            AnsiConsole.Write(TableOf(found, parsed.GetValue(labels)));
            return Task.CompletedTask;
        });
        return command;
    }

    private static Table TableOf(List<(string Name, double Accuracy)> found, int labels)
    {
        var table = new Table().RoundedBorder().Title(FormattableString.Invariant($"Accuracy with {labels} labels: mean over the draws ± standard deviation"));
        table.AddColumn("features").AddColumn(new TableColumn("accuracy").RightAligned());
        foreach (var of in found.GroupBy(f => f.Name, f => f.Accuracy).OrderByDescending(g => g.Average()))
        {
            double mean = of.Average(), deviation = Math.Sqrt(of.Sum(a => Math.Pow(a - mean, 2)) / (of.Count() - 1));
            table.AddRow(of.Key, string.Create(CultureInfo.InvariantCulture, $"{mean:F3} ± {deviation:F3}"));
        }
        return table;
    }
}
