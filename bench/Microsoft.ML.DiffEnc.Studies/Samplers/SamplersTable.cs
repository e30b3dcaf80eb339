using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Samplers;

/// <summary>The figures as they are printed.</summary>
internal static class SamplersTable
{
    public static Table Of(IReadOnlyList<SamplersRow> rows)
    {
        var (samples, references) = (rows[0].Distance.Samples, rows[0].Distance.References);
        var table = new Table().RoundedBorder()
            .Title(Text($"{samples} images of each sampler: bits/dim under the model, and energy distance to {references} held-out images"));
        table.AddColumn("sampler");
        foreach (string name in new[] { "steps", "passes", "bits/dim", "± s.e.", "energy distance", "± s.e." })
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var row in rows)
        {
            bool made = row.Sampler is not null;
            table.AddRow(
                row.Sampler?.ToString() ?? "held-out images", made ? Text($"{row.Steps}") : "", made ? Text($"{row.Evaluations}") : "",
                Text($"{row.Likelihood.BitsPerDimension:F3}"), Text($"{row.Likelihood.StandardError:F3}"),
                Text($"{row.Distance.EnergyDistance:F4}"), Text($"{row.Distance.StandardError:F4}"));
        }
        return table;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
