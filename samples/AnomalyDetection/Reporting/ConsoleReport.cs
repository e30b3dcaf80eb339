using AnomalyDetection.Methods;
using LikelihoodScoring;
using LikelihoodScoring.Data;
using LikelihoodScoring.Reporting;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;
using Spectre.Console;

namespace AnomalyDetection.Reporting;

/// <summary>What the sample writes to the console before and after its work.</summary>
internal static class ConsoleReport
{
    public const string RocFile = "roc.png", MapsFile = "most-anomalous.png";

    public static void Start(DetectionSettings settings, ImageSet images)
    {
        AnsiConsole.Write(new Rule("[bold]Anomaly detection with DiffEnc[/]").LeftJustified());
        Settings run = settings.Pictures;
        int odd = images.Test.GetColumn<float>("Label").Count(label => label > 0);
        AnsiConsole.MarkupLineInterpolated($"Pictures: {images.Description}, {images.Size}");
        var (train, calibration, heldOut) = (images.Train.GetRowCount(), images.Calibration.GetRowCount(), images.Test.GetRowCount() - odd);
        AnsiConsole.MarkupLineInterpolated($"          {train} to train on, {calibration} to learn from, {heldOut} held out, {odd} odd ones");
        if (images.LeftOut.Count > 0)
            AnsiConsole.MarkupLineInterpolated($"[yellow]Left out: {Terminal.Several(images.LeftOut)}, damaged or not pictures.[/]");
        string device = run.Gpu is int gpu ? $"GPU {gpu}" : "the CPU";
        AnsiConsole.MarkupLineInterpolated($"Model:    {settings.Model ?? $"{run.Preset}"}, seed {run.Seed}, on {device}");
    }

    public static void Finish(Results results)
    {
        AnsiConsole.WriteLine();
        WriteKinds(results.Methods[0]);
        WritePValues(results.PValues);
        WriteThresholds(results);
        WriteMethods(results.Methods);
        var (area, rate, count) = results.Stock;
        AnsiConsole.MarkupLineInterpolated(
            $"mlContext.AnomalyDetection.Evaluate: AUROC {area:F3}; {rate:P0} found with {count} false positives.");
        string colour = results.LargestDifferenceAfterLoading == 0 ? "green" : "red";
        AnsiConsole.MarkupLine(
            $"Saved and loaded again: scores differ by at most [{colour}]{results.LargestDifferenceAfterLoading:G2}[/].");
        string folder = results.Settings.Pictures.Output;
        AnsiConsole.MarkupLineInterpolated($"Detector and pictures: [bold]{Path.GetFullPath(folder)}[/]");
        foreach (string file in (string[])["detector.zip", MapsFile, RocFile])
            AnsiConsole.MarkupLineInterpolated($"  {file}");
        if (results.Settings.Pictures.Json is string json)
            AnsiConsole.MarkupLineInterpolated($"Figures: [bold]{Path.GetFullPath(json)}[/]");
        AnsiConsole.MarkupLineInterpolated($"Done in {Duration.Text(TimeSpan.FromSeconds(results.TotalSeconds))}.");
    }

    private static void WriteKinds(MethodResult method)
    {
        Table table = Terminal.NewTable(
            "Odd ones, found by the default score", "kind", "pictures", "AUROC", "AP", "FPR95", "found");
        void Row(string name, AnomalyMetrics m) => table.AddRow(
            name, $"{m.Anomalies}", F(m.AreaUnderRocCurve), F(m.AveragePrecision), F(m.FalsePositiveRateAt95Recall), $"{m.Recall:P0}");
        foreach (KindResult kind in method.Kinds)
            Row(Markup.Escape(kind.Kind), kind.Metrics);
        if (method.Kinds.Count > 1)
            Row("[bold]all[/]", method.All);
        AnsiConsole.Write(table);
        AnsiConsole.MarkupLine(
            "[grey]Each kind against the held-out normal pictures. AP: average precision; FPR95: share of normal " +
            "pictures called anomalies where 95 % of the odd ones are; found: above the detector's threshold.[/]");
        AnsiConsole.WriteLine();
    }

    private static void WritePValues(IReadOnlyList<PValueShares> all)
    {
        Table table = Terminal.NewTable("P-values: share of pictures with p at most", ["", .. PValueShares.Bounds.Select(bound => $"{bound}")]);
        foreach (PValueShares row in all)
            table.AddRow([Markup.Escape(row.Pictures), .. row.Shares.Select(share => $"{share:P0}")]);
        AnsiConsole.Write(table);
        AnsiConsole.MarkupLine("[grey]Of normal pictures, a share of about p has a value of at most p, whatever the score.[/]");
        AnsiConsole.WriteLine();
    }

    private static void WriteThresholds(Results results)
    {
        Table table = Terminal.NewTable("Thresholds", "p at most", "score above", "normal ones called", "95 % interval", "odd ones found");
        foreach (ThresholdResult row in results.Thresholds)
        {
            BinomialInterval interval = BinomialInterval.Of(row.NormalCalled, row.Normal);
            table.AddRow(
                $"{row.Rate:G3}", $"{row.Threshold:F3}", $"{row.NormalCalled} of {row.Normal} = {row.NormalCalled / (double)row.Normal:P1}",
                $"{interval.Low:P1}–{interval.High:P1}", $"{row.OddFound} of {row.Odd}");
        }
        AnsiConsole.Write(table);
        AnsiConsole.MarkupLine(
            "[grey]Above: as calibrated; below: changed. The interval is a binomial one, of so many normal pictures; " +
            "the chance of which pictures the calibration saw comes on top.[/]");
        AnsiConsole.WriteLine();
    }

    private static void WriteMethods(IReadOnlyList<MethodResult> methods)
    {
        Table table = Terminal.NewTable("Other scores of the same pictures: AUROC", ["kind", .. methods.Select(method => method.Name)]);
        for (int k = 0; k < methods[0].Kinds.Count; k++)
            table.AddRow([Markup.Escape(methods[0].Kinds[k].Kind), .. methods.Select(method => F(method.Kinds[k].Metrics.AreaUnderRocCurve))]);
        void All(string name, Func<AnomalyMetrics, double> value) => table.AddRow([$"[bold]{name}[/]", .. methods.Select(method => $"[bold]{F(value(method.All))}[/]")]);
        if (methods[0].Kinds.Count > 1)
            All("all", m => m.AreaUnderRocCurve);
        All("all, AP", m => m.AveragePrecision);
        All("all, FPR95", m => m.FalsePositiveRateAt95Recall);
        AnsiConsole.Write(table);
        AnsiConsole.MarkupLine("[grey]The first two are DiffEnc's; RandomizedPca is ML.NET's own, on the pixels of the training pictures.[/]");
        AnsiConsole.WriteLine();
    }

    private static string F(double value) => $"{value:F3}";
}
