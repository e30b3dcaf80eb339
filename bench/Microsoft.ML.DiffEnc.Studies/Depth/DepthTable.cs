using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Depth;

/// <summary>The figures as they are printed.</summary>
internal static class DepthTable
{
    public static Table Of(DepthResults results)
    {
        var table = new Table().RoundedBorder().Title("Diffusion loss on held-out images, bits/dim");
        foreach (string name in new[] { "T", "times", "variance", "L_T", "± s.e.", "difference", "± s.e.", "calibration", "least w" })
            table.AddColumn(name is "times" or "variance" ? new TableColumn(name) : new TableColumn(name).RightAligned());
        foreach (var row in results.Rows)
        {
            bool plain = row is { Grid: "uniform", Variance: "posterior" };
            table.AddRow(Text($"{row.Depth}"), row.Grid, row.Variance, Text($"{row.Loss.Value:F4}"), Text($"{row.Loss.Error:F4}"),
                plain ? "" : Text($"{row.Difference.Value:+0.0000;-0.0000}"), plain ? "" : Text($"{row.Difference.Error:F4}"),
                Text($"{row.CalibrationLoss:F4}"), Text($"{row.Times.Weights.Min():F3}"));
        }
        return table.AddRow("∞", "", "", Text($"{results.Continuous.Value:F4}"), Text($"{results.Continuous.Error:F4}"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
