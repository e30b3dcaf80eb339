using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>
/// Runs pieces of work of our own on libtorch's threads. They are OpenMP's and stay awake for a while after each operation; threads of .NET would
/// have to share the cores with them. Where libtorch brings no GNU OpenMP, .NET's threads do it.
/// </summary>
internal static unsafe class ComputeThreads
{
    private static readonly delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void> Parallel =
        (delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void>)(NativeFiles.Exports("torch_cpu", "GOMP_parallel")?[0] ?? 0);

    /// <summary>Runs <paramref name="piece"/> for 0..<paramref name="count"/> − 1, on as many threads as libtorch has. It must not throw.</summary>
    public static void For(int count, Action<int> piece)
    {
        int threads = Math.Min(get_num_threads(), count);
        if (threads <= 1)
        {
            for (int i = 0; i < count; i++)
                piece(i);
        }
        else if (Parallel is null)
        {
            System.Threading.Tasks.Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = threads }, piece);
        }
        else
        {
            var work = new Work(count, piece);
            var handle = GCHandle.Alloc(work);
            Parallel(&Run, GCHandle.ToIntPtr(handle), (uint)threads, 0);
            handle.Free();
            work.ThrowIfFailed();
        }
    }

    [UnmanagedCallersOnly]
    private static void Run(nint work) => Unsafe.As<Work>(GCHandle.FromIntPtr(work).Target!).TakePart();

    /// <summary>Pieces that threads take one by one.</summary>
    private sealed class Work(int count, Action<int> piece)
    {
        private int _next = -1;
        private Exception? _failure;

        public void TakePart()
        {
            try
            {
                for (int i = Interlocked.Increment(ref _next); i < count; i = Interlocked.Increment(ref _next))
                    piece(i);
            }
            catch (Exception e) // must not reach native code
            {
                _failure = e;
            }
        }

        public void ThrowIfFailed()
        {
            if (_failure is not null)
                throw new InvalidOperationException("A piece of a computation failed.", _failure);
        }
    }
}
