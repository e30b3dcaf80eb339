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

    /// <summary>A place for one plane, or two, of this thread's: until it asks for the next.</summary>
    /// <param name="pixels">Of a plane.</param>
    /// <param name="planes">1 or 2.</param>
    public static DualMemory PlanesOfThread(int pixels, int planes)
    {
        int rounded = (int)Rounded(pixels), needed = rounded * planes;
        if (_ofThread is null || _ofThread.Length < needed + PerLine)
            _ofThread = GC.AllocateUninitializedArray<float>(needed + PerLine, pinned: true);
        nint start = Marshal.UnsafeAddrOfPinnedArrayElement(_ofThread, 0);
        float* first = (float*)((start + Alignment - 1) & -Alignment);
        return new(first, planes > 1 ? first + rounded : null);
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
