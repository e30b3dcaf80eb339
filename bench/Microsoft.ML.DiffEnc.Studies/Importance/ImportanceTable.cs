using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Importance;

/// <summary>The figures as they are printed.</summary>
internal static class ImportanceTable
{
    public static Table Of(ImportanceResults results)
    {
        var table = new Table().RoundedBorder().Title(Text(
            $"Diffusion loss on {results.Settings.TestImages} held-out images, K·M = {results.Settings.Draws}·{results.Settings.TimesPerDraw} evaluations each, bits/dim"));
        table.AddColumn("times");
        foreach (string name in new[] { "loss", "± over draws", "variance of an image", "ratio", "95 %", "p(t)" })
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var row in results.Rows)
        {
            table.AddRow(
                row.Times, Text($"{row.Loss:F4}"), Text($"{row.DrawError:F4}"), Text($"{row.Variance:G3}"),
                Text($"{row.Ratio:F3}"), Text($"{row.Low:F3}–{row.High:F3}"),
                row.Density is { } density ? Text($"{density.Min():F2}–{density.Max():F2}") : "1");
        }
        return table;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
