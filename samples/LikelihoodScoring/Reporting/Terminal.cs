using Spectre.Console;

namespace LikelihoodScoring.Reporting;

/// <summary>What the output is written to, and what a program says while it works.</summary>
internal static class Terminal
{
    private const int MostPaths = 5;

    /// <summary>Whether the output is a terminal that can be redrawn.</summary>
    public static bool IsLive => !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Ansi;

    /// <summary>Says what is being waited for.</summary>
    public static T Wait<T>(string what, Func<T> work)
    {
        if (IsLive)
            return AnsiConsole.Status().Start($"{Markup.Escape(what)} …", _ => work());
        AnsiConsole.MarkupLineInterpolated($"{what} …");
        return work();
    }

    /// <summary>A table whose first column names its rows, with figures in the others.</summary>
    public static Table NewTable(string title, params string[] columns)
    {
        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle(title) };
        for (int i = 0; i < columns.Length; i++)
            table.AddColumn(i == 0 ? new TableColumn(columns[i]) : new TableColumn(columns[i]).RightAligned());
        return table;
    }

    /// <summary>A few of many paths.</summary>
    public static string Several(IReadOnlyList<string> paths) =>
        string.Join(", ", paths.Take(MostPaths)) + (paths.Count > MostPaths ? $" and {paths.Count - MostPaths} more" : "");
}
