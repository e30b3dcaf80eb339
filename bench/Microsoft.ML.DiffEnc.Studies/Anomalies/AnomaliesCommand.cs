using System.CommandLine;
using LikelihoodScoring;
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
        OptionChecks.Check(seeds, given => given?.Any(s => s is < 1 or > 5) != false ? "--seeds takes numbers from 1 to 5." : null);
        var (train, test) = (Cifar("--cifar-train", "normal images to train on"), Cifar("--cifar-test", "normal images that scores learn from and are tried on"));
        var normal = StudyOptions.Count("--normal", "Normal images that scores learn from.", 300, least: 40);
        var held = StudyOptions.Count("--held", "Normal test images.", 150);
        var leftOut = StudyOptions.Count("--left-out", "Test images of each left-out class, or of the other data set.", 75);
        var odd = StudyOptions.Count("--odd", "Images of each other kind: noise, blank, inverted, blurred.", 25);
        var oneClass = new Option<uint[]>("--one-class")
        {
            Description = "One class against the rest: for each of these digits a training in which it alone is normal. [default: digits are left out]",
            AllowMultipleArgumentsPerToken = true,
        };
        OptionChecks.Check(oneClass, given => given?.Any(digit => digit > 9) == true ? "--one-class takes digits from 0 to 9." : null);
        var validation = new Option<bool>("--validation") { Description = "Tries the scores on images that are not the test's: for choices by the results." };
        var scores = new Option<AnomalyScore[]>("--scores")
        {
            Description = "The scores that are tried, beside RandomizedPca. [default: all]",
            DefaultValueFactory = _ => Enum.GetValues<AnomalyScore>(),
            AllowMultipleArgumentsPerToken = true,
        };
        var (json, markdown) = (new Option<string?>("--json") { Description = "A file for all figures." },
            new Option<string?>("--markdown") { Description = "A file for the table." });
        var command = new System.CommandLine.Command(
            "anomalies", "Areas under ROC curves: left-out digits; one digit against the rest; or, where CIFAR-10's files are given, digits among its images.")
        {
            path, models, steps, seeds, oneClass, train, test, normal, held, leftOut, odd, validation, scores, json, markdown
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(oneClass) is { Length: > 0 } && result.GetValue(train) is { Length: > 0 })
                result.AddError("--one-class is for digits; leave out --cifar-train, or run both one after the other.");
        });
        command.SetAction((parsed, cancellation) =>
        {
            var ml = new MLContext(seed: 1);
            var study = new AnomalyStudy(ml, parsed.GetRequiredValue(models), parsed.GetValue(steps), parsed.GetValue(scores)!, cancellation);
            var cases = new AnomalyCases(ml, new(parsed.GetValue(normal), parsed.GetValue(held), parsed.GetValue(leftOut), parsed.GetValue(odd)), parsed.GetValue(validation));
            string mnist = parsed.GetRequiredValue(path);
            IEnumerable<AnomalyCase> Of(int seed) => parsed.GetValue(oneClass) is { Length: > 0 } digits ? digits.Select(digit => cases.OneClass(mnist, digit, seed))
                : [parsed.GetValue(train) is { Length: > 0 } files ? cases.Colour(mnist, files, parsed.GetValue(test) ?? [], seed) : cases.LeftOut(mnist, seed)];
            var results = new List<AnomalyResult>();
            foreach (var of in parsed.GetValue(seeds)!.SelectMany(Of))
            {
                AnsiConsole.MarkupLineInterpolated($"{of.Name}, seed {of.Seed} …");
                results.AddRange(study.Run(of));
                var table = new AnomalyTable(results, withMean: parsed.GetValue(oneClass) is { Length: > 0 });
                AnsiConsole.Write(table.ForConsole());
                table.Save(parsed.GetValue(json), parsed.GetValue(markdown));
            }
            return Task.CompletedTask;
        });
        return command;
    }

    private static Option<string[]> Cifar(string name, string of)
        => new(name) { Description = $"CIFAR-10 files: {of}. [default: none]", AllowMultipleArgumentsPerToken = true };
}
