using System.Xml.Linq;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Packaging;

/// <summary>eng/LoadableTorch.targets: the copy of TorchSharp's native library that hosts with an older libstdc++ load.</summary>
public sealed class LoadableTorchTests : IDisposable
{
    private const string Version = "GLIBCXX_3.4.32";
    private const string Library = "libLibTorchSharp.so";

    private static readonly string InPackage =
        Path.Combine(TestPaths.PackageRoot, "torchsharp", "0.107.0", "runtimes", "linux-x64", "native", Library);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-elf-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Copy_in_the_output_has_the_weak_requirement_and_the_package_cache_is_untouched()
    {
        string[] copies = Directory.GetFiles(AppContext.BaseDirectory, Library, SearchOption.AllDirectories);
        Assert.Equal(OperatingSystem.IsLinux() ? 1 : 0, copies.Length);
        Assert.All(copies, copy => Assert.True(ElfVersionRequirements.IsWeak(copy, Version)));
        Assert.False(ElfVersionRequirements.IsWeak(InPackage, Version));
    }

    [Fact]
    public void Step_changes_one_byte_of_the_library_and_nothing_of_any_other_file()
    {
        byte[] original = File.ReadAllBytes(InPackage);
        byte[] truncated = original[..^2048]; // the section headers are at the end
        byte[] text = "not a library"u8.ToArray();

        string once = At("once.so"), twice = At("twice.so"), cut = At("cut.so"), other = At("text.so");
        Weaken((InPackage, once), (once, twice), (Write("cut", truncated), cut), (Write("text", text), other));
        Assert.Equal(1, File.ReadAllBytes(once).Zip(original).Count(pair => pair.First != pair.Second));
        Assert.True(ElfVersionRequirements.IsWeak(once, Version));
        Assert.Equal(File.ReadAllBytes(once), File.ReadAllBytes(twice));
        Assert.Equal(truncated, File.ReadAllBytes(cut));
        Assert.Equal(text, File.ReadAllBytes(other));
    }

    [Fact]
    public void Linked_destination_is_replaced_and_not_written_through()
    {
        string elsewhere = Write("elsewhere", [1, 2, 3]);
        string link = At("link.so");
        File.CreateSymbolicLink(link, elsewhere);
        Weaken((InPackage, link));
        Assert.True(ElfVersionRequirements.IsWeak(link, Version));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(elsewhere));
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private string Write(string name, byte[] content)
    {
        File.WriteAllBytes(At(name), content);
        return At(name);
    }

    private void Weaken(params (string Source, string Destination)[] files)
    {
        string project = At("weaken.proj");
        new XElement("Project",
            new XElement("Import", new XAttribute("Project", Path.Combine(TestPaths.RepositoryRoot, "eng", "LoadableTorch.targets"))),
            new XElement("Target", new XAttribute("Name", "Weaken"),
                files.Select(file => new XElement("DiffEncWeakenVersionRequirement",
                    new XAttribute("Source", file.Source), new XAttribute("Destination", file.Destination), new XAttribute("Version", Version)))))
            .Save(project);
        DotNet.Run(_folder.FullName, ["msbuild", project, "-t:Weaken", "-nologo"]);
    }
}
