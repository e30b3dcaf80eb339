using System.Runtime.InteropServices;
using TorchSharp;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>What native code holds. On Linux with glibc.</summary>
internal static class NativeMemory
{
    private const int Measurements = 3;

    /// <summary>
    /// Native tensors alive, and the megabytes that native code has allocated and not freed, once what is unreachable is gone. Not the
    /// resident size: that also moves with what the allocator and the garbage collector hold in reserve.
    /// </summary>
    public static (long Tensors, double Megabytes) Held()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return Now();
    }

    /// <summary>The same with what is unreachable and was not disposed of.</summary>
    public static (long Tensors, double Megabytes) Now()
    {
        var heap = MallocInfo();
        return (torch.Tensor.TotalCount, (heap.InUse + heap.Mapped) / (1024.0 * 1024));
    }

    /// <summary>The megabytes that something holds: the median of a few measurements, since the runtime takes and frees some of its own now and then.</summary>
    public static double Usual(Func<double> measure)
        => Enumerable.Range(0, Measurements).Select(_ => measure()).Order().ElementAt(Measurements / 2);

    [DllImport("libc", EntryPoint = "mallinfo2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern Heap MallocInfo();

    /// <summary>glibc's <c>struct mallinfo2</c>: all arenas together.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Heap(
        nuint Arena, nuint FreeBlocks, nuint FastBlocks, nuint Mappings, nuint Mapped, nuint MostMapped, nuint FastFree, nuint InUse, nuint Free, nuint Top);
}
