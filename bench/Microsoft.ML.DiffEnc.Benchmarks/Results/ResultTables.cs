using System.Globalization;
using Spectre.Console;
using static Microsoft.ML.DiffEnc.Benchmarks.Results.TableStyle;

namespace Microsoft.ML.DiffEnc.Benchmarks.Results;

/// <summary>What was measured, as tables.</summary>
internal sealed class ResultTables(BenchmarkResults results)
{
    private const string None = "–";

    public void Print(IAnsiConsole console)
    {
        MakeRoom(console);
        var settings = results.Settings;
        foreach (var (name, hello) in results.Sides)
            console.WriteLine(Text($"{name}: {hello.Version} on {hello.Runtime}, {hello.Threads} threads{(hello.Blas is { } blas ? $", {blas}" : "")}"));
        if (results.Sides.Any(s => s.Hello.Blas?.StartsWith("libblas", StringComparison.Ordinal) == true))
            console.WriteLine("The peer multiplies matrices with the reference BLAS, the slowest there is. For a fair comparison: apt install libopenblas0.");
        if (results.Checks.Count > 0)
            console.Write(Checks());
        if (results.Measurements.Count == 0)
            return;
        console.WriteLine(Text($"{(settings.Gpu is { } gpu ? $"GPU {gpu}" : "CPU")}; medians (quartiles) of {settings.Rounds} rounds."));
        foreach (string side in results.Measurements.Where(m => !m.IsPeer).Select(m => m.Side).Distinct())
            console.WriteLine(Text($"Best in this run, {side}: convolution {Speed(results.Peak(side).Convolution)} GFLOP/s, matrix product {Speed(results.Peak(side).Product)} GFLOP/s."));
        console.Write(Training());
        console.Write(Parts());
        console.Write(Scoring());
        if (results.Measurements.Any(m => m.Training is not null))
            console.Write(Memory());
        if (results.Pairs.Any())
            console.Write(Ratios());
        console.WriteLine(Text($"Processor time of workers that wait for their turn: at most {results.Measurements.Max(m => m.IdleShare):P1} of a core."));
    }

    private Table Checks()
    {
        var table = Titled("The peer's model in double precision against ours: largest relative deviation").AddColumn("model").AddColumn("images");
        Numbers(table, "weights", "losses, double", "gradients, double", "losses, as trained", "gradients, as trained");
        foreach (var c in results.Checks)
        {
            table.AddRow(c.Case.Name, $"{c.Images}", Text($"{c.Parameters:N0}"),
                Text($"{c.Exact.Losses:0.0e-0}"), Text($"{c.Exact.Gradients:0.0e-0}"), Text($"{c.AsTrained.Losses:0.0e-0}"), Text($"{c.AsTrained.Gradients:0.0e-0}"));
        }
        return table;
    }

    private Table Training()
    {
        var table = Cases("Training step");
        Numbers(table, "ms", "images/s", "GFLOP/s", "of peak", "× without encoder");
        foreach (var m in results.Measurements)
        {
            double step = Spread.Of(m.Steps).Median;
            var without = results.WithoutEncoder(m);
            AddRow(table, m,
                Spread.Of(m.Steps).Text("F0", 1000), Text($"{m.Setting.Batch / step:F1}"), Speed(m.StepOperations, step), OfPeak(m, m.StepOperations, step),
                without == m ? None : Spread.OfRatio(m.Steps, without.Steps).Text("F2"));
        }
        return table;
    }

    private Table Parts()
    {
        var table = Cases("Parts of a training step");
        Numbers(table, "data", "forward", "backward", "optimiser + average", "encoder in all");
        foreach (var m in results.Measurements.Where(m => m.Phases.Count > 0))
        {
            double all = m.Phases.Values.Sum(s => Spread.Of(s).Median);
            string Share(string phase) => Text($"{Spread.Of(m.Phases[phase]).Median / all:P1}");
            AddRow(table, m, Share("Data"), Share("Forward"), Share("Backward"), Share("Update"),
                m.Encoders.Count == 0 ? None : Text($"{Spread.Of(m.Encoders).Median / all:P1}"));
        }
        return table;
    }

    private Table Scoring()
    {
        var table = Cases(Text($"Forward pass of the denoiser; scoring, {results.Settings.Draws} draws an image"));
        Numbers(table, "forward, ms", "GFLOP/s", "of peak", "scored images/s", "evaluations/s");
        foreach (var m in results.Measurements.Where(m => m.Forwards.Count > 0))
        {
            double forward = Spread.Of(m.Forwards).Median, score = Spread.Of(m.Scorings).Median;
            AddRow(table, m, Spread.Of(m.Forwards).Text("F1", 1000), Speed(m.ForwardOperations, forward), OfPeak(m, m.ForwardOperations, forward),
                Text($"{1 / score:F2}"), Text($"{results.Settings.Draws / score:F1}"));
        }
        return table;
    }

    private Table Memory()
    {
        var table = Cases("Memory of a process of its own, MB: peak (VmHWM) and at the end (VmRSS), runtime and libraries included");
        Numbers(table, "training, peak", "steady", "scoring, peak", "steady");
        foreach (var m in results.Measurements)
            AddRow(table, m, Megabytes(m.Training?.Peak), Megabytes(m.Training?.Steady), Megabytes(m.Scoring?.Peak), Megabytes(m.Scoring?.Steady));
        return table;
    }

    private Table Ratios()
    {
        var table = Titled("Ours / peer, less is better: ratio of the medians (quartiles of the rounds' ratios)");
        table.AddColumn("model").AddColumn("images").AddColumn("batch").AddColumn("ours").AddColumn("peer");
        Numbers(table, "training step", "forward", "scoring", "peak memory, training");
        foreach (var (ours, peer) in results.Pairs)
            table.AddRow(
                ours.Case.Name, $"{ours.Setting.Images}", Text($"{ours.Setting.Batch}"), ours.Side, peer.Side,
                Ratio(ours.Steps, peer.Steps), Ratio(ours.Forwards, peer.Forwards), Ratio(ours.Scorings, peer.Scorings),
                ours.Training is { } a && peer.Training is { } b ? Text($"{a.Peak / b.Peak:F2}") : None);
        return table;
    }

    private static string Ratio(List<double> ours, List<double> peer) => ours.Count == 0 || peer.Count == 0 ? None : Spread.OfRatio(ours, peer).Text("F2");

    private string OfPeak(Measurement m, double operations, double seconds)
        => operations == 0 ? None : Text($"{operations / seconds / 1e9 / results.Peak(m.Side).Convolution:P0}");

    private static string Speed(double operations, double seconds) => operations == 0 ? None : Speed(operations / seconds / 1e9);

    private static string Speed(double gigaflops) => gigaflops.ToString(gigaflops < 100 ? "F1" : "F0", CultureInfo.InvariantCulture);

    private static string Megabytes(double? value) => value is { } megabytes ? Text($"{megabytes:F0}") : None;

    private static Table Cases(string title) => Titled(title).AddColumn("model").AddColumn("images").AddColumn("batch").AddColumn("side");

    private static void Numbers(Table table, params string[] names)
    {
        foreach (string name in names)
            table.AddColumn(new TableColumn(name).RightAligned());
    }

    private static void AddRow(Table table, Measurement m, params string[] numbers)
        => table.AddRow([m.Case.Name, $"{m.Setting.Images}", Text($"{m.Setting.Batch}"), m.Side, .. numbers]);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
