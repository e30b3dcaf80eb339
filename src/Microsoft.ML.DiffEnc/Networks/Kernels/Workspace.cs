using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// Native memory for what a call of a kernel needs on the way. It is kept for later calls, which so find it mapped and often still in the cache; there
/// are never more of them than there were calls at one time.
/// </summary>
internal sealed unsafe class Workspace : IDisposable
{
    private const nuint Alignment = 64; // bytes: a cache line
    private static readonly ConcurrentBag<Workspace> Unused = [];

    private float* _start;
    private nint _length, _taken;

    private Workspace()
    {
    }

    /// <summary>A workspace for one call; dispose of it to hand it back.</summary>
    /// <param name="sizes">The numbers in each part that the call will take.</param>
    public static Workspace Rent(params ReadOnlySpan<nint> sizes)
    {
        nint needed = 0;
        foreach (nint size in sizes)
            needed += Rounded(size);
        var space = Unused.TryTake(out var unused) ? unused : new Workspace();
        space._taken = 0;
        if (space._length < needed)
        {
            NativeMemory.AlignedFree(space._start);
            space._start = null;
            space._length = 0;
            space._start = (float*)NativeMemory.AlignedAlloc((nuint)needed * sizeof(float), Alignment);
            space._length = needed;
        }
        return space;
    }

    /// <summary>The next part, with any content.</summary>
    public float* Take(nint size)
    {
        float* part = _start + _taken;
        _taken += Rounded(size);
        return part;
    }

    public void Dispose() => Unused.Add(this);

    private static nint Rounded(nint size) => (size + 15) & ~15;
}
