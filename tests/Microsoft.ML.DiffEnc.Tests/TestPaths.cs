using System.Reflection;

namespace Microsoft.ML.DiffEnc.Tests;

/// <summary>What the build knew about the places it worked in.</summary>
internal static class TestPaths
{
    public static string RepositoryRoot { get; } = Metadata("RepositoryRoot");

    /// <summary>Where NuGet keeps restored packages.</summary>
    public static string PackageRoot { get; } = Metadata("PackageRoot");

    /// <summary>Debug or Release.</summary>
    public static string Configuration { get; } = Metadata("Configuration");

    private static string Metadata(string key) =>
        typeof(TestPaths).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
