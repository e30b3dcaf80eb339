using System.Runtime;
using System.Runtime.InteropServices;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>
/// A stretch of tensor arithmetic, a training step or one pass of the networks, in which the garbage collector does not run.
/// </summary>
/// <remarks>
/// TorchSharp 0.107 makes an object of every number that goes into an operation (<c>0.5 * x</c>, and a hidden one in <c>x + y</c>) and does
/// not keep it alive during the native call: a collection at that moment lets the finalizer free what libtorch is about to read, and the
/// operation fails, or computes with something else. Without a collection there is no finalizer. A section needs a few megabytes at most;
/// it ends early, without harm but without its protection, where other threads allocate more than <see cref="Allowance"/> meanwhile or
/// call <see cref="GC.Collect()"/>: steps and passes that fail then are computed again (<see cref="Repeatedly"/>). Sections of several threads follow one another: libtorch uses all cores in each.
/// <para>
/// The threads of a team, which compute on a device each and wait for one another, share theirs: it ends when the last of them has left, and who
/// comes back before that waits for the next one, so that collections are not held off for ever. Nobody waits for another thread inside a
/// section: who has to steps out (<see cref="StepOut"/>).
/// </para>
/// <para>
/// In a program that does little but compute, the collector would hardly ever come of itself: each section finds new memory, and what the one before
/// left lies there, with what native code holds for it. So a section that leaves the heap <see cref="Garbage"/> above its size after the last
/// collection has it collected.
/// </para>
/// </remarks>
internal static class ComputeSection
{
    private const long Allowance = 64 << 20;
    private const long Garbage = 16 << 20;
    private const int WaitingMilliseconds = 20;
    private const int MostAttempts = 8;
    private static readonly object Gate = new(); // not a Lock: threads wait on it
    private static readonly Ending End = new();

    /// <summary>The team whose section it is, or the thread; <see langword="null"/>: there is none.</summary>
    private static object? _owner;

    private static int _inside;
    private static bool _closing, _paused;
    private static long _heap; // in bytes, after the last collection

    [ThreadStatic]
    private static object? _team;

    [ThreadStatic]
    private static int _depth;

    /// <summary>Begins a section; dispose of the result, on the same thread, to end it. Sections may be nested.</summary>
    public static IDisposable Enter()
    {
        if (_depth == 0)
            Arrive();
        _depth++;
        return End;
    }

    /// <summary>
    /// Computes, within a section, what may be computed again: that is done where libtorch fails and a collection has come in between after all, since
    /// another thread asked for it or has allocated too much.
    /// </summary>
    public static T Repeatedly<T>(Func<T> compute)
    {
        for (int attempt = 1; ; attempt++)
        {
            int collections = GC.CollectionCount(0);
            try
            {
                return compute();
            }
            catch (ExternalException e) when (attempt < MostAttempts && GC.CollectionCount(0) != collections && !OutOfMemory.Is(e))
            {
                lock (Gate)
                    _paused |= _depth > 0 && TryPause();
            }
        }
    }

    /// <summary>Waits until no section is under way, for those who allocate much beside one.</summary>
    /// <param name="unless">Asked now and then: whether to wait no longer.</param>
    public static void WaitForEnd(Func<bool> unless)
    {
        while (_depth == 0 && !unless())
        {
            lock (Gate)
            {
                if (_owner is null)
                    return;
                Monitor.Wait(Gate, WaitingMilliseconds);
                if (_owner is null)
                    return;
            }
        }
    }

    /// <summary>Makes this thread one of a team until the result is disposed of.</summary>
    public static IDisposable Join(object team)
    {
        _team = team;
        return new Membership();
    }

    /// <summary>Leaves this thread's sections, to wait for something; disposing of the result, on the same thread, enters them again.</summary>
    public static IDisposable StepOut()
    {
        int depth = _depth;
        if (depth > 0)
            Depart();
        _depth = 0;
        return new Break(depth);
    }

    private static void Arrive()
    {
        object me = _team ?? Thread.CurrentThread;
        lock (Gate)
        {
            while (_owner is not null && (_owner != me || _closing))
                Monitor.Wait(Gate);
            if (_inside++ > 0)
                return;
            (_owner, _closing) = (me, false);
            _paused = TryPause();
        }
    }

    private static void Depart()
    {
        lock (Gate)
        {
            _closing = true;
            if (--_inside > 0)
                return;
            if (_paused)
            {
                Resume();
                CollectGarbage();
            }
            _owner = null;
            Monitor.PulseAll(Gate);
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
        public void Dispose()
        {
            if (--_depth == 0)
                Depart();
        }
    }

    private sealed class Break(int depth) : IDisposable
    {
        public void Dispose()
        {
            if (depth > 0)
                Arrive();
            _depth = depth;
        }
    }

    private sealed class Membership : IDisposable
    {
        public void Dispose() => _team = null;
    }
}
