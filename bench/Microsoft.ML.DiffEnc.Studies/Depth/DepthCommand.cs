using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Depth;

/// <summary>The sub-command <c>depth</c>: what finite depth costs a trained model, and what its variances and times win back.</summary>
internal static class DepthCommand
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static System.CommandLine.Command Create()
    {
        var model = StudyOptions.Model();
        var path = StudyOptions.Path();
        var classes = StudyOptions.Classes();
        var depths = new Option<int[]>("--depths")
        {
            Description = "The numbers of steps.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [10, 20, 50, 100, 200, 500, 1000],
        };
        var calibration = StudyOptions.Count("--calibration", "Training images that variances and times are estimated from.", 100);
        var test = StudyOptions.Count("--test", "Held-out images that are scored.", 200);
        var draws = StudyOptions.Count("--draws", "Low-discrepancy sets of 8 times on which each of them is scored.", 4);
        var candidates = StudyOptions.Count("--candidates", "Times that optimized grids choose from; larger depths have none.", 400);
        var seed = new Option<int>("--seed") { Description = "The seed of all draws.", DefaultValueFactory = _ => 1 };
        var threads = new Option<int?>("--threads") { Description = "Threads of libtorch. [default: its own choice]" };
        var gpu = StudyOptions.Gpu();
        var gradient = new Option<bool>("--gradient") { Description = "Also optimizes the times by gradient descent, to compare the searches." };
        var json = new Option<string?>("--json") { Description = "A file for all figures." };
        var command = new System.CommandLine.Command(
            "depth", "L_T in bits/dim on held-out images, for uniform and optimized times and for posterior and optimal variances.")
        {
            model, path, classes, depths, calibration, test, draws, candidates, seed, threads, gpu, gradient, json
        };
        command.SetAction((parsed, cancellation) =>
        {
            var settings = new DepthSettings
            {
                Model = parsed.GetRequiredValue(model),
                Path = parsed.GetRequiredValue(path),
                Classes = parsed.GetValue(classes) ?? [],
                Depths = parsed.GetValue(depths)!,
                CalibrationImages = parsed.GetValue(calibration),
                TestImages = parsed.GetValue(test),
                Draws = parsed.GetValue(draws),
                Candidates = parsed.GetValue(candidates),
                Seed = parsed.GetValue(seed),
                Threads = parsed.GetValue(threads),
                Gpu = parsed.GetValue(gpu),
                Gradient = parsed.GetValue(gradient),
            };
            var results = new DepthStudy(settings, cancellation).Run();
            AnsiConsole.Write(DepthTable.Of(results));
            if (parsed.GetValue(json) is { } file)
                File.WriteAllText(file, JsonSerializer.Serialize(results, Json));
            return Task.CompletedTask;
        });
        return command;
    }
}
