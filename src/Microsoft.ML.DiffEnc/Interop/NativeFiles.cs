using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>Where the native libraries of this program lie, and what they are called here.</summary>
internal static class NativeFiles
{
    public static readonly Assembly TorchSharpAssembly = typeof(torch).Assembly;

    /// <summary>
    /// The file name on this platform: <c>torch_cpu</c> is <c>libtorch_cpu.so</c>, <c>libtorch_cpu.dylib</c> or <c>torch_cpu.dll</c>.
    /// </summary>
    public static string FileName(string library) =>
        OperatingSystem.IsWindows() ? $"{library}.dll" : OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";

    /// <summary>The full path of the named library among those deployed with the program, or null where there is none.</summary>
    public static string? Find(string library) =>
        SearchFolders().Select(folder => Path.Combine(folder, FileName(library))).FirstOrDefault(File.Exists);

    /// <summary>
    /// True in notebooks and scripts, which run TorchSharp from its folder in the NuGet cache: there each package keeps its native
    /// libraries to itself, and TorchSharp's own loader gathers them.
    /// </summary>
    public static bool RunsFromPackageCache() =>
        TorchSharpFolder() is { } folder && Directory.Exists(Path.Combine(folder, "..", "..", "runtimes"))
        && File.Exists(Path.Combine(folder, "..", "..", "torchsharp.nuspec"));

    /// <summary>The addresses of functions of a library that is deployed or already loaded; <see langword="null"/>: one of them is missing.</summary>
    public static IReadOnlyList<nint>? Exports(string library, params IReadOnlyList<string> names)
    {
        if (!NativeLibrary.TryLoad(library, TorchSharpAssembly, null, out nint handle))
            return null;
        var addresses = new nint[names.Count];
        for (int i = 0; i < addresses.Length; i++)
            if (!NativeLibrary.TryGetExport(handle, names[i], out addresses[i]))
                return null;
        return addresses;
    }

    private static IEnumerable<string> SearchFolders()
    {
        // The host's list: what .deps.json names, and the folder that a single-file program extracts its libraries to.
        string listed = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        string[] folders = [.. listed.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), AppContext.BaseDirectory];
        return TorchSharpFolder() is { } own ? folders.Append(own) : folders;
    }

    /// <summary>Null in a single-file program, whose assemblies lie in no folder.</summary>
    private static string? TorchSharpFolder() => Path.GetDirectoryName(TorchSharpAssembly.Location) is { Length: > 0 } folder ? folder : null;
}
