using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Samplers;

/// <summary>The sub-command <c>samplers</c>: what the steps of each sampler buy.</summary>
internal static class SamplersCommand
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter() },
    };

    public static System.CommandLine.Command Create()
    {
        var model = StudyOptions.Model();
        var path = StudyOptions.Path();
        var steps = new Option<int[]>("--steps")
        {
            Description = "The numbers of steps.",
            DefaultValueFactory = _ => [5, 10, 25, 50, 100],
            AllowMultipleArgumentsPerToken = true,
        };
        var count = new Option<int>("--samples") { Description = "Images to generate by each sampler.", DefaultValueFactory = _ => 100 };
        var reference = new Option<int>("--reference") { Description = "Held-out images to compare with.", DefaultValueFactory = _ => 1000 };
        var seed = new Option<int>("--seed") { Description = "The seed of the noise, the same for all.", DefaultValueFactory = _ => 1 };
        var gpu = StudyOptions.Gpu();
        var json = new Option<string?>("--json") { Description = "A file for all figures." };
        var command = new System.CommandLine.Command("samplers", "How near the images of each sampler come to held-out ones, for several numbers of steps.")
        {
            model, path, steps, count, reference, seed, gpu, json
        };
        command.SetAction((parsed, cancellation) =>
        {
            var study = new SamplersStudy(
                parsed.GetRequiredValue(path), parsed.GetRequiredValue(steps), parsed.GetValue(count), parsed.GetValue(reference), parsed.GetValue(seed), cancellation);
            var rows = study.Run(parsed.GetRequiredValue(model), parsed.GetValue(gpu));
            AnsiConsole.Write(SamplersTable.Of(rows));
            if (parsed.GetValue(json) is { } file)
                File.WriteAllText(file, JsonSerializer.Serialize(rows, Json));
            return Task.CompletedTask;
        });
        return command;
    }
}
