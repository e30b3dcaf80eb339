using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Anomalies;

/// <summary>The sub-command <c>anomalies</c>: how well every score finds what a model was not trained on.</summary>
internal static class AnomaliesCommand
{
    public static System.CommandLine.Command Create()
    {
        var path = StudyOptions.Path();
        var models = new Option<string>("--models") { Description = "A folder for the trained models; what is there is not trained again.", Required = true };
        var steps = StudyOptions.Count("--steps", "Training steps of the preset Tiny, for a model that is not in the folder.", 1000);
        var seeds = new Option<int[]>("--seeds")
        {
            Description = "Which of the trainings: the digits 2(s − 1) and 2s − 1 are left out with seed s.",
            DefaultValueFactory = _ => [1, 2, 3, 4, 5],
            AllowMultipleArgumentsPerToken = true,
        };
        seeds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int[]>()?.Any(s => s is < 1 or > 5) != false)
                result.AddError("--seeds takes numbers from 1 to 5.");
        });
        var (train, test) = (Cifar("--cifar-train", "normal images to train on"), Cifar("--cifar-test", "normal images that scores learn from and are tried on"));
        var normal = StudyOptions.Count("--normal", "Normal images that scores learn from.", 300, least: 40);
        var held = StudyOptions.Count("--held", "Normal test images.", 150);
        var leftOut = StudyOptions.Count("--left-out", "Test images of each left-out class, or of the other data set.", 75);
        var odd = StudyOptions.Count("--odd", "Images of each other kind: noise, blank, inverted, blurred.", 25);
        var scores = new Option<AnomalyScore[]>("--scores")
        {
            Description = "The scores that are tried, beside RandomizedPca. [default: all]",
            DefaultValueFactory = _ => Enum.GetValues<AnomalyScore>(),
            AllowMultipleArgumentsPerToken = true,
        };
        var command = new System.CommandLine.Command(
            "anomalies", "Areas under ROC curves: left-out digits; or, where CIFAR-10's files are given, digits among its images.")
        {
            path, models, steps, seeds, train, test, normal, held, leftOut, odd, scores
        };
        command.SetAction((parsed, cancellation) =>
        {
            var ml = new MLContext(seed: 1);
            var study = new AnomalyStudy(ml, parsed.GetRequiredValue(models), parsed.GetValue(steps), parsed.GetValue(scores)!, cancellation);
            var cases = new AnomalyCases(ml, new(parsed.GetValue(normal), parsed.GetValue(held), parsed.GetValue(leftOut), parsed.GetValue(odd)));
            var results = new List<AnomalyResult>();
            foreach (int seed in parsed.GetValue(seeds)!)
            {
                AnsiConsole.MarkupLineInterpolated($"Seed {seed} …");
                string mnist = parsed.GetRequiredValue(path);
                results.AddRange(study.Run(parsed.GetValue(train) is { Length: > 0 } files
                    ? cases.Colour(mnist, files, parsed.GetValue(test) ?? [], seed)
                    : cases.LeftOut(mnist, seed)));
                AnsiConsole.Write(TableOf(results));
            }
            return Task.CompletedTask;
        });
        return command;
    }

    private static Option<string[]> Cifar(string name, string of)
        => new(name) { Description = $"CIFAR-10 files: {of}. [default: none]", AllowMultipleArgumentsPerToken = true };

    private static Table TableOf(List<AnomalyResult> results)
    {
        var table = new Table().RoundedBorder().Title("AUROC: mean over the trainings (the worst)");
        table.AddColumn("score");
        string[] kinds = [.. results.Select(r => r.Kind).Distinct()];
        foreach (string kind in kinds)
            table.AddColumn(new TableColumn(kind).RightAligned());
        foreach (var score in results.GroupBy(r => r.Score))
            table.AddRow([score.Key, .. kinds.Select(kind => Cell([.. score.Where(r => r.Kind == kind).Select(r => r.AreaUnderRocCurve)]))]);
        return table;
    }

    private static string Cell(double[] areas) => string.Create(CultureInfo.InvariantCulture, $"{areas.Average():F3} ({areas.Min():F3})");
}
