using System.Runtime.ExceptionServices;
using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Ranks;

/// <summary>The threads of one process, each with a device of its own.</summary>
/// <remarks>
/// A sum is taken in the order of the ranks, so it does not depend on who comes first: each rank adds up its part of the tensors of all, and takes the
/// others' parts over. Copies between GPUs are ordered by the devices' default streams, which all threads share.
/// </remarks>
internal sealed class ThreadRanks : IRankGroup
{
    private readonly Shared _shared;

    private ThreadRanks(int rank, Shared shared) => (Rank, _shared) = (rank, shared);

    public int Rank { get; }

    public int Size => _shared.Size;

    /// <summary>Runs the same work on a thread for each rank, and waits for all.</summary>
    /// <param name="size">The number of ranks, at least 1.</param>
    /// <param name="patience">How long a rank waits for another.</param>
    /// <param name="work">What each does.</param>
    /// <returns>The results, by rank.</returns>
    /// <exception cref="Exception">The first rank's that failed; the results of the others are disposed of.</exception>
    public static T[] Run<T>(int size, TimeSpan patience, Func<IRankGroup, T> work)
    {
        var shared = new Shared(size, patience);
        var results = new T[size];
        var threads = Enumerable.Range(0, size).Select(rank => new Thread(() => Work(rank)) { IsBackground = true, Name = $"Rank {rank}" }).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
        if (shared.Meeting.Cause is not { } cause)
            return results;
        foreach (var result in results)
            (result as IDisposable)?.Dispose();
        ExceptionDispatchInfo.Throw(cause);
        return results;

        void Work(int rank)
        {
            using var member = ComputeSection.Join(shared);
            try
            {
                results[rank] = work(new ThreadRanks(rank, shared));
            }
            catch (Exception e)
            {
                shared.Meeting.Fail(rank, e);
            }
        }
    }

    public void Sum(Tensor tensor)
    {
        _shared.Tensors[Rank] = tensor;
        _shared.Meeting.Wait();
        (long first, long count) = Part(Rank, tensor.numel());
        Compute(() =>
        {
            var sum = Slice(_shared.Tensors[0], first, count).to(tensor.device, copy: true);
            for (int rank = 1; rank < Size; rank++)
                sum.add_(Slice(_shared.Tensors[rank], first, count).to(tensor.device));
            _shared.Parts[Rank] = sum.DetachFromDisposeScope();
        });
        _shared.Meeting.Wait(); // everyone has read
        Compute(() =>
        {
            for (int rank = 0; rank < Size; rank++)
            {
                (long from, long length) = Part(rank, tensor.numel());
                Slice(tensor, from, length).copy_(_shared.Parts[rank]);
            }
        });
        _shared.Meeting.Wait(); // everyone has taken over
        _shared.Parts[Rank].Dispose();
    }

    public void Broadcast(Tensor tensor)
    {
        if (Rank == 0)
            _shared.Tensors[0] = tensor;
        _shared.Meeting.Wait();
        if (Rank != 0)
            Compute(() => tensor.copy_(_shared.Tensors[0]));
        _shared.Meeting.Wait();
    }

    public bool Any(bool yes) => Gather([yes ? (byte)1 : (byte)0]).Any(answer => answer[0] != 0);

    public byte[][] Gather(byte[] mine)
    {
        _shared.Messages[Rank] = mine;
        _shared.Meeting.Wait();
        byte[][] all = [.. _shared.Messages];
        _shared.Meeting.Wait();
        return all;
    }

    public IDisposable Guard(Action save) => Unguarded.Instance;

    public void Abandon(Exception error, Action? save)
    {
        _shared.Meeting.Fail(Rank, error);
        if (Rank == 0)
            save?.Invoke();
    }

    private (long First, long Count) Part(int rank, long length)
    {
        long first = length * rank / Size;
        return (first, length * (rank + 1) / Size - first);
    }

    private static Tensor Slice(Tensor tensor, long first, long count) => tensor.view(-1).narrow(0, first, count);

    private static void Compute(Action work)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        work();
    }

    private sealed class Shared(int size, TimeSpan patience)
    {
        public int Size => size;
        public Meeting Meeting { get; } = new(size, patience);
        public Tensor[] Tensors { get; } = new Tensor[size];
        public Tensor[] Parts { get; } = new Tensor[size];
        public byte[][] Messages { get; } = new byte[size][];
    }
}
