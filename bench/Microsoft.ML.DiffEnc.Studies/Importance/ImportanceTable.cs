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
            .Caption("ratio: of the variances of an image's loss over its draws, to even times; densities are as the roots");
        table.AddColumn(new TableColumn("times").NoWrap());
        foreach (string name in new[] { "loss", "± draws", "ratio", "95 %", "p(t)" })
            table.AddColumn(new TableColumn(name).RightAligned().NoWrap());
        foreach (var row in results.Rows)
        {
            table.AddRow(
                row.Times, Text($"{row.Loss:F4}"), Text($"{row.DrawError:F4}"),
                Text($"{row.Ratio:F2}"), Text($"{row.Low:F2}–{row.High:F2}"),
                row.Density is { } density ? Text($"{density.Min():F1}–{density.Max():F1}") : "1");
        }
        return table;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
