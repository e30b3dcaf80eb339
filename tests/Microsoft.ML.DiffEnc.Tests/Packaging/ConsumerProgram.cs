using System.Xml.Linq;

namespace Microsoft.ML.DiffEnc.Tests.Packaging;

/// <summary>
/// The project in tests/PackageConsumer, built once against a freshly packed package in a temporary folder. The package gets a version
/// of its own and a package folder of its own, so that no earlier one is ever used; all others come from where this machine keeps them.
/// </summary>
public sealed class ConsumerProgram : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-consumer-");

    public ConsumerProgram()
    {
        string version = $"0.0.0-consumer.{DateTime.UtcNow:yyyyMMddHHmmssfff}";
        string feed = Path.Combine(_folder.FullName, "feed");
        DotNet.Run(TestPaths.RepositoryRoot,
            ["pack", "src/Microsoft.ML.DiffEnc", "--no-build", "-c", TestPaths.Configuration, "-o", feed, $"-p:PackageVersion={version}", "-nologo"]);

        string template = Path.Combine(TestPaths.RepositoryRoot, "tests", "PackageConsumer");
        foreach (string file in Directory.EnumerateFiles(template))
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        new XElement("configuration",
            new XElement("packageSources", Add("packed", feed)),
            new XElement("fallbackTestPaths.PackageRoots", Add("machine", TestPaths.PackageRoot))).Save(Path.Combine(_folder.FullName, "nuget.config"));

        Output = Path.Combine(_folder.FullName, "out");
        // One platform and hard links: the native libraries of all platforms are more than a gigabyte of copying.
        DotNet.Run(_folder.FullName,
            ["build", "PackageConsumer.csproj", "-c", "Release", "-o", Output, "--use-current-runtime", "--no-self-contained", "-nologo",
             $"-p:DiffEncVersion={version}", $"-p:RestorePackagesPath={Path.Combine(_folder.FullName, "packages")}",
             "-p:UseSharedCompilation=false", "-p:CreateHardLinksForCopyFilesToOutputDirectoryIfPossible=true"]);
    }

    /// <summary>The folder that the program was built into.</summary>
    public string Output { get; }

    public string Run(string[] arguments, params (string Name, string Value)[] environment) =>
        DotNet.Run(Output, [Path.Combine(Output, "PackageConsumer.dll"), .. arguments], [("OMP_NUM_THREADS", "1"), .. environment]);

    public void Dispose() => _folder.Delete(recursive: true);

    private static XElement Add(string key, string value) => new("add", new XAttribute("key", key), new XAttribute("value", value));
}
