using Spectre.Console;

namespace Microsoft.ML.DiffEnc.Benchmarks.Results;

/// <summary>What all tables look like.</summary>
internal static class TableStyle
{
    private const int Width = 150;

    /// <summary>Makes a console wide enough, also where it is redirected.</summary>
    public static void MakeRoom(IAnsiConsole console) => console.Profile.Width = Math.Max(console.Profile.Width, Width);

    public static Table Titled(string title) => new Table().RoundedBorder().Title(title);
}
