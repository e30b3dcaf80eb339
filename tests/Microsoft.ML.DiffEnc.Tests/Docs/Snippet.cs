namespace Microsoft.ML.DiffEnc.Tests.Docs;

/// <summary>A block of C# in a Markdown file.</summary>
/// <param name="File">The file, from the repository's root, with slashes.</param>
/// <param name="Line">The number of the block's first line in it.</param>
/// <param name="Usings">The using directives that are in force in it.</param>
/// <param name="Code">The block, its own directives blanked out: line by line as in the file.</param>
internal sealed record Snippet(string File, int Line, IReadOnlyList<string> Usings, string Code)
{
    private const string Fence = "```";

    private static readonly string[] _languages = ["csharp", "cs", "c#"];

    // What a reader takes for granted where a file's first block has no directives.
    private static readonly string[] _assumed = ["using Microsoft.ML;", "using Microsoft.ML.Data;", "using Microsoft.ML.DiffEnc;"];

    public override string ToString() => $"{File}:{Line}";

    /// <summary>The blocks of all <see cref="Page.OfRepository">pages</see>.</summary>
    public static IEnumerable<Snippet> OfRepository() => Page.OfRepository().SelectMany(page => Of(page.File, page.Lines));

    /// <summary>
    /// The blocks of a file, from top to bottom. One with using directives starts a program, as a reader who copies it does; one without goes on
    /// in the program of the one before.
    /// </summary>
    public static IEnumerable<Snippet> Of(string file, IReadOnlyList<string> lines)
    {
        IReadOnlyList<string> usings = _assumed;
        for (int i = 0; i < lines.Count; i++)
        {
            if (!lines[i].TrimStart().StartsWith(Fence, StringComparison.Ordinal))
                continue;
            bool isCSharp = _languages.Contains(lines[i].Trim()[Fence.Length..].ToLowerInvariant());
            int first = ++i;
            while (i < lines.Count && lines[i].Trim() != Fence)
                i++;
            if (!isCSharp)
                continue;
            string[] code = [.. lines.Skip(first).Take(i - first)], own = [.. code.Where(IsDirective)];
            if (own.Length > 0)
                usings = own;
            yield return new Snippet(file, first + 1, usings, string.Join('\n', code.Select(line => IsDirective(line) ? "" : line)));
        }
    }

    // "using var" and "using Type name = …" are statements.
    private static bool IsDirective(string line)
        => line.StartsWith("using ", StringComparison.Ordinal) && line.EndsWith(';') && !line.Contains('=') && !line.Contains('(');
}
