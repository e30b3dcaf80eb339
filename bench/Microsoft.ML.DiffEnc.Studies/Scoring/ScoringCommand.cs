using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using TorchSharp;

namespace Microsoft.ML.DiffEnc.Studies.Scoring;

/// <summary>The sub-command <c>scoring</c>: what scoring costs.</summary>
internal static class ScoringCommand
{
    private const int UsualDraws = 8, UsualTimes = 4;

    private static readonly string[] Parts = ["passes", "throughput", "latency", "decoding"];

    public static System.CommandLine.Command Create()
    {
        var models = new Option<string[]>("--models")
        {
            Description = "Which sizes.",
            DefaultValueFactory = _ => [.. ScoringCase.All.Select(c => c.Name)],
            AllowMultipleArgumentsPerToken = true,
        };
        models.AcceptOnlyFromAmong([.. ScoringCase.All.Select(c => c.Name)]);
        var parts = new Option<string[]>("--parts")
        {
            Description = "What is measured, beside memory.",
            DefaultValueFactory = _ => Parts,
            AllowMultipleArgumentsPerToken = true,
        };
        parts.AcceptOnlyFromAmong(Parts);
        var rounds = StudyOptions.Count("--rounds", "How often everything is measured, in turn.", usual: 5);
        var images = StudyOptions.Count("--images", "The most images that are scored; twice as many are decoded.", usual: 64);
        var largest = StudyOptions.Count("--largest-pass", "The most evaluations in one pass.", usual: 128);
        var threads = StudyOptions.Count("--threads", "Threads of libtorch.", Environment.ProcessorCount);
        var command = new System.CommandLine.Command("scoring", "What scoring costs, by pass, batch and draws; one image alone; decoding; memory.")
        {
            models, parts, rounds, images, largest, threads
        };
        command.SetAction((parsed, cancellation) =>
        {
            torch.set_num_threads(parsed.GetValue(threads));
            foreach (var of in ScoringCase.All.Where(c => parsed.GetRequiredValue(models).Contains(c.Name)))
            {
                using var study = new ScoringStudy(of, parsed.GetValue(rounds), parsed.GetValue(images), cancellation);
                foreach (string part in Parts.Intersect(parsed.GetRequiredValue(parts)))
                    Print(part, of, study, parsed.GetValue(images), parsed.GetValue(largest));
                var (weights, peak) = study.Memory();
                AnsiConsole.WriteLine(Text($"weights {weights:F1} MB; the process held at most {peak:F0} MB"));
            }
            return Task.CompletedTask;
        });
        return command;
    }

    private static void Print(string part, ScoringCase of, ScoringStudy study, int images, int largest)
    {
        switch (part)
        {
            case "passes":
                AnsiConsole.Write(Table(
                    $"{of.Title}: evaluations of the diffusion loss", ["in a pass", "per second"],
                    study.Passes(Powers(largest)).Select(p => new[] { Text($"{p.Pass}"), Text($"{p.PerSecond:F1}") })));
                break;
            case "throughput":
                var cases = from k in new (int Draws, int Times)[] { (1, 1), (1, UsualTimes), (UsualDraws, UsualTimes) }
                            from n in new[] { 1, 8, images }.Distinct()
                            select (k.Draws, k.Times, n);
                AnsiConsole.Write(Table(
                    $"{of.Title}: images scored", ["K", "M", "images", "images/s"],
                    study.Throughput(cases).Select(t => new[] { Text($"{t.Draws}"), Text($"{t.Times}"), Text($"{t.Images}"), Text($"{t.PerSecond:F2}") })));
                break;
            case "latency":
                var (median, p95) = study.Latency(UsualDraws, UsualTimes);
                AnsiConsole.WriteLine(Text(
                    $"{of.Title}: PredictionEngine, K = {UsualDraws}, M = {UsualTimes}: median {1e3 * median:F0} ms, 95 % within {1e3 * p95:F0} ms"));
                break;
            default:
                var (decode, inTurn, overlapped) = study.Decoding(1, UsualTimes);
                AnsiConsole.WriteLine(Text($"{of.Title}: {2 * images} PNGs, K = 1, M = {UsualTimes}: decoding {decode:F2} s ({decode / inTurn:P0}); ")
                    + Text($"in turn {inTurn:F2} s; overlapped {overlapped:F2} s ({overlapped / inTurn:F2})"));
                break;
        }
    }

    private static IEnumerable<int> Powers(int largest)
    {
        for (int i = 1; i <= largest; i *= 2)
            yield return i;
    }

    private static Table Table(string title, string[] columns, IEnumerable<string[]> rows)
    {
        var table = new Table().RoundedBorder().Title(title);
        foreach (string column in columns)
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (string[] row in rows)
            table.AddRow(row);
        return table;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
