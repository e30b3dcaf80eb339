using System.Runtime.InteropServices;
using Microsoft.ML.DiffEnc.Tests.Support;
using TorchSharp;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public class MemoryTests
{
    // One activation kept at each step (16 images × 16 channels × 8 × 8 floats) would be 13 MB in 200 steps.
    private const double MostGrowthInMegabytes = 2;

    [LinuxFact]
    public void A_long_training_keeps_no_memory()
    {
        var ml = new MLContext(seed: 5);
        var options = TrainingRuns.Options(steps: 300);
        options.ValidationSet = TrainingRuns.Discs(ml, 4, seed: 3);
        options.ValidateEverySteps = 100; // a look at the validation set is always reported
        var held = new Dictionary<int, (long Tensors, double Megabytes)>();
        options.Progress = new TrainingRuns.Callback(p =>
        {
            if (p.Step % 100 == 0)
                held[p.Step] = Held();
        });
        using var model = ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(ml, 200));
        Assert.Equal([100, 200, 300], held.Keys.Order());
        Assert.Equal(held[100].Tensors, held[300].Tensors);
        double growth = held[300].Megabytes - held[100].Megabytes;
        Assert.True(growth < MostGrowthInMegabytes, $"Memory in use grew by {growth:F1} MB from step 100 to step 300.");
    }

    /// <summary>
    /// Native tensors alive, and the megabytes that native code has allocated and not freed, once what is unreachable is gone. Not the
    /// resident size: that also moves with what the allocator and the garbage collector hold in reserve.
    /// </summary>
    private static (long Tensors, double Megabytes) Held()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        var heap = MallocInfo();
        return (torch.Tensor.TotalCount, (heap.InUse + heap.Mapped) / (1024.0 * 1024));
    }

    [DllImport("libc", EntryPoint = "mallinfo2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern Heap MallocInfo();

    /// <summary>glibc's <c>struct mallinfo2</c>: all arenas together.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Heap(
        nuint Arena, nuint FreeBlocks, nuint FastBlocks, nuint Mappings, nuint Mapped, nuint MostMapped, nuint FastFree, nuint InUse, nuint Free, nuint Top);
}
