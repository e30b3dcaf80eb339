using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Studies.Anomalies;

/// <summary>A row for each score, a column for each kind of odd images: the mean over the trainings and, where there are several, the worst.</summary>
/// <param name="results">What is known so far.</param>
/// <param name="withMean">Whether a last column has the mean over all kinds.</param>
internal sealed class AnomalyTable(IReadOnlyList<AnomalyResult> results, bool withMean)
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public Table ForConsole()
    {
        var table = new Table().RoundedBorder().Title("AUROC: mean over the trainings (the worst)");
        table.AddColumn("score");
        foreach (string column in Columns())
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (string[] row in Rows())
            table.AddRow(row);
        return table;
    }

    /// <summary>Writes every figure, and the table, to the files that are asked for.</summary>
    public void Save(string? json, string? markdown)
    {
        if (json is not null)
            File.WriteAllText(json, JsonSerializer.Serialize(results, Json));
        if (markdown is null)
            return;
        string[] columns = ["AUROC", .. Columns()];
        IEnumerable<string[]> lines = [columns, [.. columns.Select(_ => "---")], .. Rows()];
        File.WriteAllLines(markdown, lines.Select(cells => $"| {string.Join(" | ", cells)} |"));
    }

    private IEnumerable<string> Kinds() => results.Select(r => r.Kind).Distinct();

    private IEnumerable<string> Columns() => withMean ? Kinds().Append("mean") : Kinds();

    private IEnumerable<string[]> Rows() => results.GroupBy(r => r.Score).Select(score =>
    {
        IEnumerable<IEnumerable<AnomalyResult>> cells = Kinds().Select(kind => score.Where(r => r.Kind == kind));
        return (string[])[score.Key, .. (withMean ? cells.Append(score) : cells).Select(cell => Text([.. cell.Select(r => r.AreaUnderRocCurve)]))];
    });

    private static string Text(double[] areas) => areas.Length == 1
        ? string.Create(CultureInfo.InvariantCulture, $"{areas[0]:F3}")
        : string.Create(CultureInfo.InvariantCulture, $"{areas.Average():F3} ({areas.Min():F3})");
}
