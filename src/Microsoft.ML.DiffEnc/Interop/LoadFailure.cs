using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>Turns the dynamic linker's complaint into what is wrong and what to do about it.</summary>
internal static partial class LoadFailure
{
    /// <summary>
    /// <see cref="DllNotFoundException"/> is what .NET itself throws when a native library or one of its dependencies does not load, so
    /// callers need no type of ours to catch it.
    /// </summary>
    public static DllNotFoundException Exception(Exception cause, bool hasLibTorch) =>
        new(Explain(cause.Message, IsSupportedPlatform(), NativeFiles.Find("LibTorchSharp") is not null, hasLibTorch), cause);

    /// <param name="loaderMessage">What the dynamic linker said.</param>
    /// <param name="supportedPlatform">Whether TorchSharp has a native library for this operating system and processor.</param>
    /// <param name="hasTorchSharp">Whether TorchSharp's native half is deployed with the program.</param>
    /// <param name="hasLibTorch">Whether a libtorch is at hand, from a package or installed.</param>
    public static string Explain(string loaderMessage, bool supportedPlatform, bool hasTorchSharp, bool hasLibTorch)
    {
        const string Failed = "The native torch library cannot be loaded: ";
        if (!supportedPlatform)
            return $"{Failed}TorchSharp has none for {RuntimeInformation.RuntimeIdentifier}. " +
                "It runs on linux-x64 (glibc, so not Alpine), win-x64, win-arm64 and osx-arm64.";
        if (!hasTorchSharp)
            return $"{Failed}{NativeFiles.FileName("LibTorchSharp")}, the native half of TorchSharp, is not among the program's files. " +
                "Deploy everything that 'dotnet build' or 'dotnet publish' puts into the output folder, for this platform.";
        if (!hasLibTorch)
            return $"{Failed}the program comes without libtorch. Add one package to the project that runs: " +
                $"TorchSharp-cpu, or TorchSharp-cuda-linux or TorchSharp-cuda-windows for an NVIDIA GPU (version {TorchSharpVersion}). " +
                $"Or set {InstalledLibTorch.Variable} to the lib folder of an installed PyTorch.";
        if (MissingVersion().Match(loaderMessage) is { Success: true } version)
            return Failed + ExplainVersion(version.Groups["name"].Value, version.Groups["by"].Value);
        if (MissingLibrary().Match(loaderMessage) is { Success: true } missing)
            return Failed + ExplainMissing(missing.Groups["name"].Value);
        if (MissingSymbol().Match(loaderMessage) is { Success: true } symbol)
            return $"{Failed}this libtorch lacks '{symbol.Groups["name"].Value}', so it is not of the version that TorchSharp {TorchSharpVersion} " +
                $"was built for: libtorch {InstalledLibTorch.Version}. " +
                $"Install that version, or unset {InstalledLibTorch.Variable} to use the one from NuGet.";
        string hint = OperatingSystem.IsWindows() ? " Install the Microsoft Visual C++ Redistributable (x64 or ARM64) if it is missing." : "";
        return $"{Failed}{loaderMessage.Trim()}{hint}";
    }

    private static string ExplainVersion(string version, string requiredBy) =>
        version.StartsWith("GLIBCXX", StringComparison.Ordinal) || version.StartsWith("CXXABI", StringComparison.Ordinal)
            ? $"{Path.GetFileName(requiredBy)} asks for {version}, and this host's libstdc++ is older. Building a project that references " +
              "Microsoft.ML.DiffEnc makes its copy of the library loadable here: rebuild it, and do not set DiffEncLoadableTorch to false, " +
              "exclude the package's build assets, or copy the library from the NuGet cache. Otherwise use a host with the libstdc++ of " +
              "GCC 13 or later (Debian 13, Ubuntu 24.04)."
            : $"{Path.GetFileName(requiredBy)} asks for {version}, and this host's C library is older. " +
              "Use a newer system: libtorch needs at least Debian 10, Ubuntu 20.04 or RHEL 8.";

    private static string ExplainMissing(string library) => library switch
    {
        "libgomp.so.1" => "the OpenMP runtime libgomp.so.1 is missing. Install it: " +
            "'apt-get install libgomp1' (Debian, Ubuntu) or 'dnf install libgomp' (Fedora, RHEL).",
        "libstdc++.so.6" => "the C++ runtime libstdc++.so.6 is missing. Install it: " +
            "'apt-get install libstdc++6' (Debian, Ubuntu) or 'dnf install libstdc++' (Fedora, RHEL).",
        _ => $"the shared library {library}, which it needs, is missing. Install the package that brings it, or put it on LD_LIBRARY_PATH.",
    };

    /// <summary>The package version that goes with the managed TorchSharp in use.</summary>
    private static string TorchSharpVersion => NativeFiles.TorchSharpAssembly.GetName().Version?.ToString(3) ?? "of the same number as TorchSharp";

    private static bool IsSupportedPlatform() => (RuntimeInformation.ProcessArchitecture, RuntimeInformation.RuntimeIdentifier) switch
    {
        (Architecture.X64, var rid) when OperatingSystem.IsLinux() => !rid.Contains("musl", StringComparison.Ordinal),
        (Architecture.X64 or Architecture.Arm64, _) when OperatingSystem.IsWindows() => true,
        (Architecture.Arm64, _) when OperatingSystem.IsMacOS() => true,
        _ => false,
    };

    // As glibc's ld.so words them.
    [GeneratedRegex(@"version `(?<name>[^']+)' not found \(required by (?<by>[^)]+)\)")]
    private static partial Regex MissingVersion();

    // A dependency is named without a folder. The library itself is too, under each name that .NET tries.
    [GeneratedRegex(@"(?:^|\s)(?<name>(?!(?:lib)?LibTorchSharp)[^\s/:]+\.so[.\d]*): cannot open shared object file", RegexOptions.Multiline)]
    private static partial Regex MissingLibrary();

    [GeneratedRegex(@"undefined symbol: (?<name>[^\s,]+)")]
    private static partial Regex MissingSymbol();
}
