using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Classes;

/// <summary>The sub-command <c>classes</c>: trains with labels, and measures what they give.</summary>
internal static class ClassesCommand
{
    public static System.CommandLine.Command Create()
    {
        var path = StudyOptions.Path();
        var steps = new Option<int>("--steps") { Description = "Training steps of the preset Tiny.", DefaultValueFactory = _ => 1500 };
        var test = new Option<int>("--test") { Description = "Held-out images that are scored and classified.", DefaultValueFactory = _ => 100 };
        var seed = new Option<int>("--seed") { Description = "The seed of everything random.", DefaultValueFactory = _ => 1 };
        var gpu = StudyOptions.Gpu();
        var output = new Option<string?>("--output") { Description = "A file for the trained model." };
        var command = new System.CommandLine.Command(
            "classes", "Trains with labels; held-out images' likelihoods with and without their class, and the Bayes classifier's accuracy.")
        {
            path, steps, test, seed, gpu, output
        };
        command.SetAction((parsed, cancellation) =>
        {
            var results = new ClassesStudy(parsed.GetRequiredValue(path), parsed.GetValue(seed), parsed.GetValue(gpu), cancellation)
                .Run(parsed.GetValue(steps), parsed.GetValue(test), parsed.GetValue(output));
            AnsiConsole.Write(TableOf(results));
            return Task.CompletedTask;
        });
        return command;
    }

    private static Table TableOf(ClassesResults results)
    {
        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        var table = new Table().RoundedBorder().Title(Text($"{results.Images} held-out images, a model trained with labels in {results.Seconds:F0} s"));
        table.AddColumn("").AddColumn(new TableColumn("value").RightAligned()).AddColumn(new TableColumn("± s.e.").RightAligned());
        table.AddRow("bits/dim without the class", Text($"{results.Unconditional:F4}"), Text($"{results.UnconditionalError:F4}"));
        table.AddRow("bits/dim given the class, difference", Text($"{results.Difference:+0.0000;-0.0000}"), Text($"{results.DifferenceError:F4}"));
        double error = Math.Sqrt(results.Accuracy * (1 - results.Accuracy) / results.Images);
        return table.AddRow("accuracy of the Bayes classifier", Text($"{results.Accuracy:F3}"), Text($"{error:F3}"));
    }
}
