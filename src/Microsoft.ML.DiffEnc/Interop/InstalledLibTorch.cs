using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>The libtorch of an installed PyTorch, used instead of the one from NuGet.</summary>
/// <param name="Folder">The folder that holds <c>libtorch_cpu.so</c>, or the one above it.</param>
/// <param name="NamedBy">What named the folder, for messages.</param>
internal sealed record InstalledLibTorch(string Folder, string NamedBy)
{
    /// <summary>Environment variable that names the folder.</summary>
    public const string Variable = "DIFFENC_LIBTORCH";

    /// <summary>The same as a setting of the program (<see cref="AppContext.SetData"/> or runtimeconfig.json); the variable goes before it.</summary>
    public const string Setting = "Microsoft.ML.DiffEnc.LibTorch";

    /// <summary>The libtorch that the referenced TorchSharp was built for. (TorchSharp's own constant cannot be asked: that would load it.)</summary>
    public const string Version = "2.10";

    // Dependencies before dependents, and CUDA before anything that asks for it: "no CUDA" is remembered for the life of the process.
    private static readonly string[] LoadOrder = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];

    /// <summary>The folder that the environment or the program names, or null where neither does.</summary>
    public static InstalledLibTorch? Named() =>
        Named(Environment.GetEnvironmentVariable(Variable), AppContext.GetData(Setting) as string);

    internal static InstalledLibTorch? Named(string? variable, string? setting) =>
        !string.IsNullOrWhiteSpace(variable) ? new(variable, $"The environment variable {Variable}")
        : !string.IsNullOrWhiteSpace(setting) ? new(setting, $"The setting {Setting}")
        : null;

    /// <summary>Loads libtorch from the folder, then TorchSharp's native half on top of it.</summary>
    /// <exception cref="DllNotFoundException">The folder holds no libtorch, or none that fits TorchSharp; or another is already loaded.</exception>
    public void Load()
    {
        string folder = FindLibraries();
        RefuseSecondLibTorch(folder);
        try
        {
            // By absolute path: each library's own search path, relative to itself, then finds cuDNN, cuBLAS and the others. What asks for
            // these libraries by name later is given what is already loaded.
            foreach (string path in LoadOrder.Select(library => Path.Combine(folder, NativeFiles.FileName(library))).Where(File.Exists))
                NativeLibrary.Load(path);
            LoadTorchSharp();
        }
        catch (DllNotFoundException e)
        {
            throw new DllNotFoundException($"{NamedBy} names '{Folder}'. {LoadFailure.Exception(e, hasLibTorch: true).Message}", e);
        }
    }

    private string FindLibraries()
    {
        string library = NativeFiles.FileName("torch_cpu");
        string folder = Path.GetFullPath(Folder);
        return new[] { folder, Path.Combine(folder, "lib") }.FirstOrDefault(candidate => File.Exists(Path.Combine(candidate, library)))
            ?? throw new DllNotFoundException(
                $"{NamedBy} names '{Folder}', {(Directory.Exists(folder) ? $"which has no {library}" : "which is not a folder")}. " +
                $"Expected the lib folder of an installed PyTorch {Version}, as " +
                "python3 -c \"import torch, os; print(os.path.join(os.path.dirname(torch.__file__), 'lib'))\" prints it.");
    }

    // Two copies in one process would not know each other's tensors.
    private void RefuseSecondLibTorch(string folder)
    {
        string library = NativeFiles.FileName("torch_cpu");
        using var process = Process.GetCurrentProcess();
        string? loaded = process.Modules.Cast<ProcessModule>().Select(module => module.FileName)
            .FirstOrDefault(file => Path.GetFileName(file).Equals(library, StringComparison.OrdinalIgnoreCase));
        if (loaded is not null && Path.GetDirectoryName(loaded) != Path.GetDirectoryName(ResolveLinks(Path.Combine(folder, library))))
            throw new DllNotFoundException(
                $"{NamedBy} names '{Folder}', but libtorch is already loaded from '{loaded}'. " +
                "Use Microsoft.ML.DiffEnc before TorchSharp itself in this program.");
    }

    private static string ResolveLinks(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;

    private static void LoadTorchSharp()
    {
        if (!OperatingSystem.IsLinux())
        {
            NativeLibrary.Load("LibTorchSharp", NativeFiles.TorchSharpAssembly, null);
            return;
        }
        // .NET binds lazily, and a function that this libtorch lacks would end the process when first called. Bound at once, it is an error here.
        string path = NativeFiles.Find("LibTorchSharp") ?? throw new DllNotFoundException("libLibTorchSharp.so not found");
        if (OpenLibrary(Encoding.UTF8.GetBytes(path + '\0'), BindNow) == IntPtr.Zero)
            throw new DllNotFoundException(Marshal.PtrToStringUTF8(LastError()));
    }

    private const int BindNow = 2; // RTLD_NOW

    [DllImport("libdl.so.2", EntryPoint = "dlopen")]
    private static extern IntPtr OpenLibrary(byte[] path, int flags);

    [DllImport("libdl.so.2", EntryPoint = "dlerror")]
    private static extern IntPtr LastError();
}
