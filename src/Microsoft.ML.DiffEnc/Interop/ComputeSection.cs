using System.Runtime;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>
/// A stretch of tensor arithmetic, a training step or one pass of the networks, in which the garbage collector does not run.
/// </summary>
/// <remarks>
/// TorchSharp 0.107 makes an object of every number that goes into an operation (<c>0.5 * x</c>, and a hidden one in <c>x + y</c>) and does
/// not keep it alive during the native call: a collection at that moment lets the finalizer free what libtorch is about to read, and the
/// operation fails, or computes with something else. Without a collection there is no finalizer. A section needs a few megabytes at most;
/// it ends early, without harm but without its protection, where other threads allocate more than <see cref="Allowance"/> meanwhile or
/// call <see cref="GC.Collect()"/>. Sections of several threads follow one another: libtorch uses all cores in each.
/// <para>
/// In a program that does little but compute, the collector would hardly ever come of itself: each section finds new memory, and what the one before
/// left lies there, with what native code holds for it. So a section that leaves the heap <see cref="Garbage"/> above its size after the last
/// collection has it collected.
/// </para>
/// </remarks>
internal static class ComputeSection
{
    private const long Allowance = 64 << 20;
    private const int WaitingMilliseconds = 20;
    private static readonly Lock Gate = new();
    private static readonly Ending End = new();
    private const long Garbage = 16 << 20;
    private static int _depth;
    private static bool _paused;
    private static long _heap; // in bytes, after the last collection

    /// <summary>Begins a section; dispose of the result, on the same thread, to end it. Sections may be nested.</summary>
    public static IDisposable Enter()
    {
        Gate.Enter();
        if (_depth++ == 0)
            _paused = TryPause();
        return End;
    }

    /// <summary>Waits until no section is under way, for those who allocate much beside one.</summary>
    /// <param name="unless">Asked now and then: whether to wait no longer.</param>
    public static void WaitForEnd(Func<bool> unless)
    {
        while (!unless())
        {
            if (!Gate.TryEnter(WaitingMilliseconds))
                continue;
            Gate.Exit();
            return;
        }
    }

    private static bool TryPause()
    {
        try
        {
            return GCSettings.LatencyMode != GCLatencyMode.NoGCRegion && GC.TryStartNoGCRegion(Allowance);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentOutOfRangeException or NotSupportedException)
        {
            return false; // the program has paused it itself, or this runtime cannot
        }
    }

    private static void Leave()
    {
        if (--_depth == 0 && _paused)
        {
            Resume();
            CollectGarbage();
        }
        Gate.Exit();
    }

    private static void Resume()
    {
        if (GCSettings.LatencyMode != GCLatencyMode.NoGCRegion)
            return;
        try
        {
            GC.EndNoGCRegion();
        }
        catch (InvalidOperationException)
        {
            // A collection came in between after all, and ended it.
        }
    }

    private static void CollectGarbage()
    {
        long now = GC.GetTotalMemory(forceFullCollection: false);
        if (now - _heap >= Garbage)
        {
            // What a few passes leave is young. (Its count does not tell whether the collector came of itself: the runtime counts one for each pause.)
            GC.Collect(1);
            _heap = GC.GetTotalMemory(forceFullCollection: false);
        }
        _heap = Math.Min(_heap, now);
    }

    private sealed class Ending : IDisposable
    {
        public void Dispose() => Leave();
    }
}
