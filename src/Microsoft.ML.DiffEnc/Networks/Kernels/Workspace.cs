using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// Native memory for what a call of a kernel needs on the way. It is kept for later calls, which so find it mapped and often still in the cache, until
/// the garbage collector comes by and finds it unused.
/// </summary>
internal sealed unsafe class Workspace : IDisposable
{
    private static readonly ConcurrentBag<WeakReference<Block>> Unused = [];

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

    /// <summary>The next part, with any content.</summary>
    public float* Take(nint size)
    {
        float* part = _block.Start + _taken;
        _taken += Rounded(size);
        return part;
    }

    public void Dispose() => Unused.Add(new(_block));

    private static nint Rounded(nint size) => (size + 15) & ~15;

    private sealed class Block : SafeHandle
    {
        private const nuint Alignment = 64; // bytes: a cache line

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
