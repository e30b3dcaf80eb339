using System.Runtime.InteropServices;
using System.Xml.Linq;

namespace Microsoft.ML.DiffEnc.Tests.Packaging;

/// <summary>
/// The project in tests/PackageConsumer, built once against a freshly packed package in a folder of its own. The package gets a version
/// of its own and a package folder of its own, so that no earlier one is ever used; all others come from where this machine keeps them.
/// </summary>
public sealed class ConsumerProgram : IDisposable
{
    // On the disk of the repository, where hard links to packages are likely possible, and not in a /tmp that may be memory.
    private readonly DirectoryInfo _folder =
        Directory.CreateDirectory(Path.Combine(TestPaths.RepositoryRoot, "artifacts", $"consumer-{Guid.NewGuid():N}"));

    public ConsumerProgram()
    {
        string version = $"0.0.0-consumer.{DateTime.UtcNow:yyyyMMddHHmmssfff}";
        string feed = Path.Combine(_folder.FullName, "feed");
        DotNet.Run(TestPaths.RepositoryRoot,
            ["pack", "src/Microsoft.ML.DiffEnc", "--no-build", "-c", TestPaths.Configuration, "-o", feed,
             $"-p:PackageVersion={version}", "-nologo"]);

        string template = Path.Combine(TestPaths.RepositoryRoot, "tests", "PackageConsumer");
        foreach (string file in Directory.EnumerateFiles(template))
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        new XElement("configuration",
            new XElement("packageSources", Add("packed", feed)),
            new XElement("fallbackPackageFolders", Add("machine", TestPaths.PackageRoot)))
            .Save(Path.Combine(_folder.FullName, "nuget.config"));

        Output = Path.Combine(_folder.FullName, "out");
        // Hard links: the native libraries of all platforms, which an ordinary build puts out, are more than a gigabyte of copying.
        DotNet.Run(_folder.FullName,
            ["build", "PackageConsumer.csproj", "-c", "Release", "-o", Output, "-nologo",
             $"-p:DiffEncVersion={version}", $"-p:RestorePackagesPath={Path.Combine(_folder.FullName, "packages")}",
             "-p:UseSharedCompilation=false", "-p:CreateHardLinksForCopyLocalIfPossible=true"]);
    }

    /// <summary>The folder that the program was built into.</summary>
    public string Output { get; }

    /// <summary>Where in <see cref="Output"/> the native libraries of this platform lie.</summary>
    public string NativeFolder => Path.Combine(Output, "runtimes", Platform, "native");

    public string Run(string[] arguments, params (string Name, string Value)[] environment) =>
        DotNet.Run(Output, [Path.Combine(Output, "PackageConsumer.dll"), .. arguments], [("OMP_NUM_THREADS", "1"), .. environment]);

    /// <summary>A file in the program's own folder, which goes with it.</summary>
    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Platform =>
        (OperatingSystem.IsWindows() ? "win-" : OperatingSystem.IsMacOS() ? "osx-" : "linux-") +
        RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    private static XElement Add(string key, string value) => new("add", new XAttribute("key", key), new XAttribute("value", value));
}
