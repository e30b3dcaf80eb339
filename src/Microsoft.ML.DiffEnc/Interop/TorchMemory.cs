using System.Runtime.InteropServices;

namespace Microsoft.ML.DiffEnc;

/// <summary>How the process treats the native memory of tensors.</summary>
public static class TorchMemory
{
    // malloc.h of glibc
    private const int TrimThreshold = -1, TopPad = -2, MostMappings = -4;
    private const int PadBytes = 256 << 20;

    /// <summary>
    /// Makes the C library keep the memory that libtorch frees, for libtorch's next tensor, instead of giving it back to the system: every step and
    /// every pass of the networks otherwise gives back hundreds of megabytes and is handed them again, zeroed, page by page. Training and scoring on
    /// the CPU may become faster (see docs/performance.md); the process stays at its largest size. Call it once, early. It holds for the whole process
    /// and all that is native in it, and cannot be undone, so nothing in this library calls it by itself.
    /// </summary>
    /// <returns>Whether it took: on Linux with glibc. Elsewhere nothing happens.</returns>
    public static bool KeepFreed()
    {
        if (!OperatingSystem.IsLinux())
            return false;
        try
        {
            return Set(MostMappings, 0) != 0 & Set(TrimThreshold, int.MaxValue) != 0 & Set(TopPad, PadBytes) != 0;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return false; // another C library
        }
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Set(int parameter, int value);
}
