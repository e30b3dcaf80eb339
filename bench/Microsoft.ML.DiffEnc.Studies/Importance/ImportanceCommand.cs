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
        var model = new Option<string>("--model") { Description = "A saved ML.NET model with a DiffEnc transformer in it.", Required = true };
        var path = new Option<string>("--path")
        {
            Description = "The folder with MNIST's IDX files, or others of their form and names.",
            Required = true,
        };
        var classes = new Option<uint[]>("--classes")
        {
            Description = "The labels of the images that are used, those that the model was trained on. [default: all]",
            AllowMultipleArgumentsPerToken = true,
        };
        var calibration = Count("--calibration", "Training images on which the densities are measured.", 1, 64);
        var test = Count("--test", "Held-out images that are scored.", 2, 100);
        var draws = Count("--draws", "K, independent sets of draws of each of them.", 2, 8);
        var times = Count("--times", "M, times in a set, evenly spread.", 1, 4);
        var bins = Count("--bins", "Bins on which a density is constant.", 2, 32);
        var floor = new Option<double>("--floor") { Description = "The share of the uniform density in the others.", DefaultValueFactory = _ => 0.1 };
        var seed = new Option<int>("--seed") { Description = "The seed of all draws.", DefaultValueFactory = _ => 1 };
        var threads = new Option<int?>("--threads") { Description = "Threads of libtorch. [default: its own choice]" };
        var gpu = new Option<int?>("--gpu") { Description = "The number of the GPU to use. [default: the CPU]" };
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

    private static Option<int> Count(string name, string description, int least, int usual)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < least)
                result.AddError($"{name} is {result.GetValueOrDefault<int>()}; expected {least} or more.");
        });
        return option;
    }
}
