using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Importance;

/// <summary>The sub-command <c>importance</c>: how much the diffusion loss of an image varies, for several ways of choosing times.</summary>
internal static class ImportanceCommand
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static System.CommandLine.Command Create()
    {
        var model = StudyOptions.Model();
        var path = StudyOptions.Path();
        var classes = StudyOptions.Classes();
        var calibration = StudyOptions.Count("--calibration", "Training images on which the densities are measured.", 64, least: 1);
        var test = StudyOptions.Count("--test", "Held-out images that are scored.", 100, least: 2);
        var draws = StudyOptions.Count("--draws", "K, independent sets of draws of each of them.", 8, least: 2);
        var times = StudyOptions.Count("--times", "M, times in a set, evenly spread.", 4, least: 1);
        var bins = StudyOptions.Count("--bins", "Bins on which a density is constant.", 32, least: 2);
        var floor = new Option<double>("--floor") { Description = "The share of the uniform density in the others.", DefaultValueFactory = _ => 0.1 };
        var seed = new Option<int>("--seed") { Description = "The seed of all draws.", DefaultValueFactory = _ => 1 };
        var threads = new Option<int?>("--threads") { Description = "Threads of libtorch. [default: its own choice]" };
        var gpu = StudyOptions.Gpu();
        var json = new Option<string?>("--json") { Description = "A file for all figures." };
        var command = new System.CommandLine.Command(
            "importance",
            "The variance of an image's diffusion loss on held-out images, for times that are independent, evenly spread and importance-sampled.")
        {
            model, path, classes, calibration, test, draws, times, bins, floor, seed, threads, gpu, json
        };
        command.SetAction((parsed, cancellation) =>
        {
            var settings = new ImportanceSettings
            {
                Model = parsed.GetRequiredValue(model),
                Path = parsed.GetRequiredValue(path),
                Classes = parsed.GetValue(classes) ?? [],
                CalibrationImages = parsed.GetValue(calibration),
                TestImages = parsed.GetValue(test),
                Draws = parsed.GetValue(draws),
                TimesPerDraw = parsed.GetValue(times),
                Bins = parsed.GetValue(bins),
                Floor = parsed.GetValue(floor),
                Seed = parsed.GetValue(seed),
                Threads = parsed.GetValue(threads),
                Gpu = parsed.GetValue(gpu),
            };
            var results = new ImportanceStudy(settings, cancellation).Run();
            AnsiConsole.Write(ImportanceTable.Of(results));
            if (parsed.GetValue(json) is { } file)
                File.WriteAllText(file, JsonSerializer.Serialize(results, Json));
            return Task.CompletedTask;
        });
        return command;
    }
}
