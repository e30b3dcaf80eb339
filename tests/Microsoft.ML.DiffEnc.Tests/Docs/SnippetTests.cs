using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Docs;

public sealed class SnippetTests
{
    private static readonly Dictionary<string, Snippet> _all = Snippet.OfRepository().ToDictionary(snippet => snippet.ToString());

    public static TheoryData<string> Places => [.. _all.Keys];

    [Theory]
    [MemberData(nameof(Places))]
    public void A_block_of_code_in_the_docs_compiles(string place)
    {
        string[] errors = SnippetCompiler.Errors(_all[place]);
        Assert.True(errors.Length == 0, string.Join('\n', errors));
    }

    [Fact]
    public void Every_kind_of_document_is_read()
    {
        string[] files = [.. _all.Values.Select(snippet => snippet.File).Distinct()];
        Assert.Contains("README.md", files);
        Assert.Contains("nuget/README.md", files);
        Assert.Contains("docs/training.md", files);
    }

    [Fact]
    public void What_is_wrong_is_named_with_its_place_in_the_document()
    {
        string[] document =
        [
            "# A page", "", "```csharp", "using Microsoft.ML;", "using Microsoft.ML.DiffEnc;", "", "var ml = new MLContext();",
            "var trainer = ml.Generative().DiffEnc(\"Image\", width: 8, hight: 8, channels: 1);", "```", "Then", "```",
            "no C#", "```", "```csharp", "DiffEncTransformer mine = trainer.Fit(train);", "```",
        ];
        Snippet[] snippets = [.. Snippet.Of("docs/page.md", document)];
        Assert.Equal([4, 15], snippets.Select(snippet => snippet.Line));

        string wrongName = Assert.Single(SnippetCompiler.Errors(snippets[0]));
        Assert.StartsWith("docs/page.md(8): CS1739", wrongName, StringComparison.Ordinal);
        Assert.Contains("'hight'", wrongName, StringComparison.Ordinal);
        // The namespaces go on from block to block, and what a block declares does not.
        string unknown = Assert.Single(SnippetCompiler.Errors(snippets[1]));
        Assert.StartsWith("docs/page.md(15): CS0103", unknown, StringComparison.Ordinal);
        Assert.Contains("'trainer'", unknown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_has_no_namespaces_but_its_own_and_those_of_every_new_project()
    {
        string[] document = ["```csharp", "using Microsoft.ML;", "DiffEncTransformer mine = model;", "Console.WriteLine(mine);", "```"];
        string error = Assert.Single(SnippetCompiler.Errors(Snippet.Of("docs/page.md", document).Single()));
        Assert.StartsWith("docs/page.md(3): CS0246", error, StringComparison.Ordinal);
    }
}
