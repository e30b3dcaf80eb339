using LikelihoodScoring.Data;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;
using Spectre.Console;

namespace LikelihoodScoring.Reporting;

/// <summary>What the sample writes to the console before and after training.</summary>
internal sealed class ConsoleReport(Settings settings)
{
    /// <summary>The library's report on the held-out pictures, in the output folder.</summary>
    public const string JsonFile = "held-out.json", ImagesFile = "held-out.csv", CurveFile = "loss-over-time.csv";

    public void Start(ImageSet images)
    {
        AnsiConsole.Write(new Rule("[bold]Likelihood scoring with DiffEnc[/]").LeftJustified());
        var rows = images.Test.GetColumn<float>("Label").CountBy(label => label > 0).ToDictionary();
        AnsiConsole.MarkupLineInterpolated($"Pictures: {images.Description}, {images.Size}");
        AnsiConsole.MarkupLineInterpolated(
            $"          {images.Train.GetRowCount()} to train on, {rows.GetValueOrDefault(false)} held out, {rows.GetValueOrDefault(true)} odd ones");
        if (images.LeftOut.Count > 0)
            AnsiConsole.MarkupLineInterpolated($"[yellow]Left out: {Terminal.Several(images.LeftOut)}, damaged or not pictures.[/]");
        string device = settings.Gpu is int gpu ? $"GPU {gpu}" : "the CPU";
        AnsiConsole.MarkupLineInterpolated($"Model:    {settings.Preset}, seed {settings.Seed}, on {device}");
    }

    public void Finish(Results results, LikelihoodReport heldOut)
    {
        EncoderRun run = results.Encoders[^1];
        AnsiConsole.WriteLine();
        WriteLosses(run);
        WriteErrors(heldOut.BitsPerDimension);
        if (results.OddKinds.Count > 0)
            WriteOddKinds(results, run);
        WriteBaselines(results.Baselines, run.HeldOut.BitsPerDimension);
        if (results.Encoders.Count > 1)
            WriteEncoders(results.Encoders);

        AnsiConsole.MarkupLineInterpolated(
            $"Saved and loaded again: scores differ by at most [bold]{results.LargestDifferenceAfterLoading:G2}[/] bits/dim.");
        AnsiConsole.MarkupLineInterpolated($"Model and pictures: [bold]{Path.GetFullPath(settings.Output)}[/]");
        foreach (string file in (string[])[.. PictureReport.Files, JsonFile, ImagesFile, CurveFile])
            AnsiConsole.MarkupLineInterpolated($"  {file}");
        if (settings.Json is string json)
            AnsiConsole.MarkupLineInterpolated($"Figures: [bold]{Path.GetFullPath(json)}[/]");
        AnsiConsole.MarkupLineInterpolated($"Done in {Duration.Text(TimeSpan.FromSeconds(results.TotalSeconds))}.");
    }

    private static void WriteLosses(EncoderRun run)
    {
        Table table = Terminal.NewTable("Likelihood, bits per dimension", "", "held-out normal");
        if (run.Odd is not null)
            table.AddColumn(new TableColumn("odd ones").RightAligned());
        void Row(string name, Func<GenerativeMetrics, string> value) =>
            table.AddRow(run.Odd is null ? [name, value(run.HeldOut)] : [name, value(run.HeldOut), value(run.Odd)]);

        Row("[bold]bits/dim[/]", m => Bound(m));
        Row("  reconstruction", m => Bits(m.ReconstructionLoss));
        Row("  latent", m => Bits(m.LatentLoss));
        Row("  diffusion", m => Bits(m.DiffusionLoss));
        Row("pictures", m => $"{m.Rows}");
        AnsiConsole.Write(table);
    }

    private static void WriteErrors(LossEstimate bound)
    {
        string draws = double.IsNaN(bound.DrawStandardError) ? "unknown with one draw" : $"± {Bits(bound.DrawStandardError)}";
        AnsiConsole.MarkupLineInterpolated($"[grey]Held-out pictures, error of the draws alone: {draws} (more --draws).[/]");
        AnsiConsole.WriteLine();
    }

    private static void WriteOddKinds(Results results, EncoderRun run)
    {
        Table table = Terminal.NewTable("Odd ones, found by their score", "kind", "pictures", "bits/dim", "AUROC");
        foreach (OddKind kind in results.OddKinds)
            table.AddRow(Markup.Escape(kind.Kind), $"{kind.Rows}", Bits(kind.BitsPerDimension), Auroc(kind.AreaUnderRocCurve));
        if (results.OddKinds.Count > 1)
            table.AddRow("[bold]all[/]", $"{run.Odd!.Rows}", Bits(run.Odd.BitsPerDimension), $"[bold]{Auroc(run.AreaUnderRocCurve!.Value)}[/]");
        AnsiConsole.Write(table);
        AnsiConsole.MarkupLine("[grey]AUROC 1: every odd one scores above every normal one; 0.5: chance.[/]");
        AnsiConsole.WriteLine();
    }

    private static void WriteBaselines(Baselines.BaselineFigures baselines, double model)
    {
        Table table = Terminal.NewTable("The held-out pictures in simpler codes", "code", "bits/dim");
        table.AddRow("DiffEnc (upper bound)", $"[bold]{Bits(model)}[/]");
        table.AddRow("independent-pixel histogram", Bits(baselines.PixelHistogram));
        table.AddRow("PNG, compressed pixels alone", Bits(baselines.PngPixelsOnly));
        table.AddRow("PNG, whole file", Bits(baselines.PngWholeFile));
        AnsiConsole.Write(table);
        AnsiConsole.MarkupLine(baselines.BeatenByModel
            ? "[green]The model needs fewer bits than any of them.[/]"
            : "[yellow]The model does not beat them all: train it for more --steps.[/]");
        AnsiConsole.WriteLine();
    }

    private static void WriteEncoders(IReadOnlyList<EncoderRun> runs)
    {
        Table table = Terminal.NewTable("Encoders at equal steps and seed, held-out normal", ["bits/dim", .. runs.Select(run => Names.Of(run.Encoder))]);
        void Row(string name, Func<EncoderRun, string> value) => table.AddRow([name, .. runs.Select(value)]);

        Row("[bold]bound[/]", run => Bound(run.HeldOut));
        Row("  reconstruction", run => Bits(run.HeldOut.ReconstructionLoss));
        Row("  latent", run => Bits(run.HeldOut.LatentLoss));
        Row("  diffusion", run => Bits(run.HeldOut.DiffusionLoss));
        Row("‖y‖", run => Norm(run.Norms?.Output));
        Row("‖dy/dγ‖", run => Norm(run.Norms?.Derivative));
        Row("AUROC", run => run.AreaUnderRocCurve is double auroc ? Auroc(auroc) : "–");
        Row("training, s", run => $"{run.TrainingSeconds:F0}");
        AnsiConsole.Write(table);
        if (runs.Select(run => run.Norms).OfType<EncoderNorms>().FirstOrDefault() is EncoderNorms norms)
            AnsiConsole.MarkupLineInterpolated(
                $"[grey]Norms of a picture: root mean square over {norms.Images} not trained on, at t = {string.Join(", ", norms.Times)}.[/]");
        AnsiConsole.WriteLine();
    }

    /// <summary>One picture alone has no standard error.</summary>
    private static string Bound(GenerativeMetrics m) =>
        $"[bold]{Bits(m.BitsPerDimension)}[/]" + (double.IsNaN(m.StandardError) ? "" : $" ± {Bits(m.StandardError)}");

    private static string Bits(double value) => $"{value:F4}";

    private static string Auroc(double value) => $"{value:F3}";

    private static string Norm(double? value) => value is null ? "–" : $"{value:F3}";
}
