using System.Text.RegularExpressions;

namespace Microsoft.ML.DiffEnc.Tests.Docs;

/// <summary>A Markdown file of the repository.</summary>
/// <param name="File">From the repository's root, with slashes.</param>
/// <param name="Lines">Its lines.</param>
internal sealed partial record Page(string File, string[] Lines)
{
    /// <summary>All that the repository has to read: README, docs, and the READMEs of package and programs.</summary>
    public static IEnumerable<Page> OfRepository()
    {
        string root = TestPaths.RepositoryRoot;
        string[] files =
        [
            Path.Combine(root, "README.md"),
            .. Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories),
            .. new[] { "nuget", "samples", "bench" }
                .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "README.md", SearchOption.AllDirectories)),
        ];
        return files.Order(StringComparer.Ordinal)
            .Select(file => new Page(Path.GetRelativePath(root, file).Replace('\\', '/'), System.IO.File.ReadAllLines(file)));
    }

    /// <summary>The targets of its links that lead neither to the web nor, in code, anywhere; with the number of the line.</summary>
    public IEnumerable<(string Target, int Line)> Links()
        => Prose().SelectMany(line => Link().Matches(line.Text).Select(match => (match.Groups[1].Value, line.Number)))
            .Where(link => !link.Value.Contains("://", StringComparison.Ordinal));

    /// <summary>What its headings are called in links, as GitHub has it.</summary>
    public HashSet<string> Anchors()
        => [.. Prose().Where(line => line.Text.StartsWith('#')).Select(line => line.Text.TrimStart('#').Trim().ToLowerInvariant())
            .Select(heading => NotInAnchors().Replace(heading, "").Replace(' ', '-'))];

    private IEnumerable<(string Text, int Number)> Prose()
    {
        bool code = false;
        for (int i = 0; i < Lines.Length; i++)
        {
            bool fence = Lines[i].TrimStart().StartsWith("```", StringComparison.Ordinal);
            code ^= fence;
            if (!code && !fence)
                yield return (Lines[i], i + 1);
        }
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
