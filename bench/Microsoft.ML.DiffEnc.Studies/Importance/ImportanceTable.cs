using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Importance;

/// <summary>The figures as they are printed.</summary>
internal static class ImportanceTable
{
    public static Table Of(ImportanceResults results)
    {
        var asked = results.Settings;
        var table = new Table().RoundedBorder()
            .Title(Text($"Diffusion loss, K·M = {asked.Draws}·{asked.TimesPerDraw} evaluations of {asked.TestImages} images, bits/dim"))
            .Caption("variance: of an image's loss over its draws; ratio: to that of even times; densities are proportional to the roots");
        table.AddColumn(new TableColumn("times").NoWrap());
        foreach (string name in new[] { "loss", "± draws", "variance", "ratio", "95 %", "p(t)" })
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
