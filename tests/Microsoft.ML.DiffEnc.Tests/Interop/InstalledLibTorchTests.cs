using Microsoft.ML.DiffEnc.Interop;
using TorchSharp;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Interop;

public sealed class InstalledLibTorchTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-libtorch-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Environment_variable_goes_before_the_setting_and_empty_means_none()
    {
        Assert.Equal("/a", InstalledLibTorch.Named("/a", "/b")!.Folder);
        Assert.Equal("/b", InstalledLibTorch.Named("", "/b")!.Folder);
        Assert.Null(InstalledLibTorch.Named(null, ""));
    }

    [Fact]
    public void Folder_without_libtorch_is_refused_by_name()
    {
        string message = Refusal(_folder.FullName);
        string missing = NativeFiles.FileName("torch_cpu");
        Assert.Contains($"{InstalledLibTorch.Variable} names '{_folder.FullName}', which has no {missing}", message, StringComparison.Ordinal);
        Assert.Contains($"lib folder of an installed PyTorch {InstalledLibTorch.Version}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_that_does_not_exist_is_refused_by_name() =>
        Assert.Contains("which is not a folder", Refusal(Path.Combine(_folder.FullName, "nowhere")), StringComparison.Ordinal);

    [Fact]
    public void Second_libtorch_in_one_process_is_refused()
    {
        NativeBackend.EnsureLoaded();
        File.WriteAllText(Path.Combine(_folder.FullName, NativeFiles.FileName("torch_cpu")), "");
        Assert.Contains("libtorch is already loaded from", Refusal(_folder.FullName), StringComparison.Ordinal);
    }

    [Fact]
    public void Named_version_is_the_one_that_TorchSharp_was_built_for()
    {
        NativeBackend.EnsureLoaded();
        Assert.StartsWith(InstalledLibTorch.Version + ".", torch.__version__, StringComparison.Ordinal);
    }

    private static string Refusal(string folder) =>
        Assert.Throws<DllNotFoundException>(() => InstalledLibTorch.Named(folder, null)!.Load()).Message;
}
