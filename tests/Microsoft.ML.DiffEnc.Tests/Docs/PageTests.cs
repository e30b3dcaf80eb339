using System.Reflection;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Docs;

public sealed class PageTests
{
    private static readonly Dictionary<string, Page> _all = Page.OfRepository().ToDictionary(page => page.File);

    public static TheoryData<string> Files => [.. _all.Keys];

    [Theory]
    [MemberData(nameof(Files))]
    public void Links_lead_somewhere(string file)
    {
        string[] broken = [.. _all[file].Links().Where(link => !Exists(file, link.Target)).Select(link => $"{file}({link.Line}): {link.Target}")];
        Assert.True(broken.Length == 0, string.Join('\n', broken));
    }

    [Fact]
    public void What_leads_nowhere_is_found()
    {
        var page = new Page("docs/page.md", ["# A page, of \"all\" things", "[here](#a-page-of-all-things) [there](gone.md#x)", "```", "[code](c)", "```"]);
        Assert.Equal([("#a-page-of-all-things", 2), ("gone.md#x", 2)], page.Links());
        Assert.Equal(["a-page-of-all-things"], page.Anchors());
        Assert.True(Exists("docs/training.md", "../README.md"));
        Assert.True(Exists("docs/training.md", "likelihood.md#columns"));
        Assert.False(Exists("docs/training.md", "likelihood.md#rows"));
        Assert.False(Exists("docs/training.md", "gone.md"));
    }

    [Theory]
    [InlineData("docs/training.md", typeof(DiffEncTrainer.Options))]
    [InlineData("docs/likelihood.md", typeof(LikelihoodReportOptions))]
    [InlineData("docs/likelihood.md", typeof(ImportanceSamplingOptions))]
    [InlineData("docs/ode-likelihood.md", typeof(OdeLikelihoodOptions))]
    [InlineData("docs/finite-depth.md", typeof(FiniteDepthOptions))]
    [InlineData("docs/conditioning.md", typeof(BayesClassifierOptions))]
    [InlineData("docs/sampling.md", typeof(GenerationOptions))]
    [InlineData("docs/sampling.md", typeof(RepairOptions))]
    [InlineData("docs/representations.md", typeof(RepresentationOptions))]
    [InlineData("docs/anomalies.md", typeof(AnomalyOptions))]
    public void Every_option_stands_in_a_table(string file, Type options)
    {
        string tables = string.Join('\n', _all[file].Lines.Where(line => line.StartsWith('|')));
        string[] missing = [.. options.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(member => member is FieldInfo or PropertyInfo).Select(member => member.Name)
            .Where(name => !tables.Contains($"`{name}`", StringComparison.Ordinal))];
        Assert.True(missing.Length == 0, string.Join(", ", missing));
    }

    private static bool Exists(string from, string target)
    {
        string[] parts = target.Split('#', 2);
        string path = parts[0].Length == 0 ? from : Path.GetRelativePath(
            TestPaths.RepositoryRoot, Path.Combine(TestPaths.RepositoryRoot, Path.GetDirectoryName(from)!, parts[0])).Replace('\\', '/');
        return Path.Exists(Path.Combine(TestPaths.RepositoryRoot, path))
            && (parts.Length == 1 || _all.TryGetValue(path, out Page? page) && page.Anchors().Contains(parts[1]));
    }
}
