using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// Native memory for what a call of a kernel needs on the way. It is kept for later calls, which so find it mapped and often still in the cache, until
/// the garbage collector comes by and finds it unused.
/// </summary>
internal sealed unsafe class Workspace : IDisposable
{
    private const int Alignment = 64, PerLine = Alignment / sizeof(float); // a cache line: bytes, numbers
    private static readonly ConcurrentBag<WeakReference<Block>> Unused = [];

    [ThreadStatic]
    private static float[]? _ofThread;

    private readonly Block _block;
    private nint _taken;

    private Workspace(Block block) => _block = block;

    /// <summary>A workspace for one call; dispose of it to hand it back.</summary>
    /// <param name="sizes">The numbers in each part that the call will take.</param>
    public static Workspace Rent(params ReadOnlySpan<nint> sizes)
    {
        nint needed = 0;
        foreach (nint size in sizes)
            needed += Rounded(size);
        while (Unused.TryTake(out var unused))
        {
            if (!unused.TryGetTarget(out var block))
                continue;
            if (block.Length >= needed)
                return new(block);
            block.Dispose();
        }
        return new(new Block(needed));
    }

    /// <summary>A place of this thread's for so many numbers, with any content: until the thread asks for the next. It is kept as long as the thread.</summary>
    public static float* OfThread(nint size)
    {
        if (_ofThread is null || _ofThread.Length < size + PerLine)
            _ofThread = GC.AllocateUninitializedArray<float>((int)size + PerLine, pinned: true);
        nint start = Marshal.UnsafeAddrOfPinnedArrayElement(_ofThread, 0);
        return (float*)((start + Alignment - 1) & -Alignment);
    }

    /// <summary>Two planes, of a value and its tangent, in such a place.</summary>
    public static DualMemory PlanesOfThread(nint pixels)
    {
        float* value = OfThread(2 * Rounded(pixels));
        return new(value, value + Rounded(pixels));
    }

    /// <summary>The next part, with any content.</summary>
    public float* Take(nint size)
    {
        float* part = _block.Start + _taken;
        _taken += Rounded(size);
        return part;
    }

    public void Dispose() => Unused.Add(new(_block));

    private static nint Rounded(nint size) => (size + PerLine - 1) & -PerLine;

    private sealed class Block : SafeHandle
    {
        public Block(nint length) : base(0, ownsHandle: true)
        {
            Length = length;
            SetHandle((nint)NativeMemory.AlignedAlloc((nuint)length * sizeof(float), Alignment));
        }

        public override bool IsInvalid => handle == 0;

        public nint Length { get; }

        public float* Start => (float*)handle;

        protected override bool ReleaseHandle()
        {
            NativeMemory.AlignedFree((void*)handle);
            return true;
        }
    }
}
