using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Interop.Mpi;
using static Microsoft.ML.DiffEnc.Interop.Mpi.MpiLibrary;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Ranks;

/// <summary>
/// Processes that mpirun started, on one machine or several. Nothing blocks inside MPI: requests are started and asked after, so that a peer that is
/// gone, has failed or does not come ends the wait.
/// </summary>
internal sealed class MpiRanks : IRankGroup
{
    /// <summary>Tensors go in pieces of so many values: what is on a GPU is fetched piece by piece while earlier ones are on their way.</summary>
    private const int Piece = 1 << 22;

    /// <summary>
    /// From so many ranks on Open MPI has better than a tree for long sums (Rabenseifner's: reduce-scatter, then gather), but not in place.
    /// </summary>
    private const int ManyRanks = 4;

    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(20), BetweenLooks = TimeSpan.FromMilliseconds(100);

    /// <summary>How long rank 0 is given to save what there is when the others have to end.</summary>
    private static readonly TimeSpan SavingTime = TimeSpan.FromMinutes(2);

    /// <summary>How long others may take to come to the end of a step when this process is to end; rank 0 has saved by then.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new(); // MPI is called by one thread at a time
    private readonly MpiProcess _mpi;
    private readonly TimeSpan _patience;
    private readonly Notices _notices;
    private readonly Peers _peers;
    private volatile bool _terminating;
    private bool _abandoned, _wasTold;

    /// <param name="mpi">The process.</param>
    /// <param name="patience">How long to wait for another rank.</param>
    public MpiRanks(MpiProcess mpi, TimeSpan patience)
    {
        (_mpi, _patience) = (mpi, patience);
        _notices = new Notices(mpi);
        _peers = new Peers([Peers.DescribeThis()], 0);
        string[] descriptions = Array.ConvertAll(Gather(Encoding.UTF8.GetBytes(Peers.DescribeThis())), Encoding.UTF8.GetString);
        _peers = new Peers(descriptions, Rank);
        Barrier(); // nobody goes before all have been seen
    }

    public int Rank => _mpi.RankInWorld;

    public int Size => _mpi.SizeOfWorld;

    /// <summary>How many of the lower ranks run on this machine.</summary>
    public int LocalRank => _peers.LocalRank;

    public IDisposable Guard(Action save) => PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
    {
        context.Cancel = true; // this process ends when the training has
        _terminating = true;
        if (Rank == 0)
            save();
    });

    public void Sum(Tensor tensor)
    {
        bool isOnHost = tensor.device.type == TorchSharp.DeviceType.CPU;
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        long length = tensor.numel();
        var flat = tensor.view(-1);
        var pieces = new List<(Tensor Device, Tensor Host, Tensor? Sent, IntPtr Request)>();
        try
        {
            for (long first = 0; first < length; first += Piece)
            {
                var piece = flat.narrow(0, first, Math.Min(Piece, length - first));
                var host = isOnHost ? piece : piece.cpu();
                var sent = Size < ManyRanks ? null : host.clone();
                IntPtr from = sent is null ? InPlace : Address(sent), to = Address(host);
                int count = (int)host.numel();
                IntPtr request = Begin(
                    (out IntPtr begun) => BeginAllReduce(from, to, count, _mpi.Handles.Single, _mpi.Handles.Sum, _mpi.Work, out begun), "MPI_Iallreduce");
                pieces.Add((piece, host, sent, request));
            }
            foreach (var (piece, host, _, request) in pieces)
            {
                Wait(request, "the sum of the gradients");
                if (!isOnHost)
                    piece.copy_(host);
            }
        }
        catch
        {
            foreach (var (_, host, sent, _) in pieces)
            {
                host.DetachFromDisposeScope(); // MPI may still read and write there
                sent?.DetachFromDisposeScope();
            }
            throw;
        }
    }

    public void Broadcast(Tensor tensor)
    {
        bool isOnHost = tensor.device.type == TorchSharp.DeviceType.CPU;
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var host = isOnHost ? tensor : tensor.cpu();
        Broadcast(Address(host), host.numel() * host.element_size());
        if (!isOnHost)
            tensor.copy_(host);
    }

    public bool Any(bool yes)
    {
        int[] count = [yes || _terminating ? 1 : 0];
        Pinned(count, address => Wait(
            Begin((out IntPtr request) => BeginAllReduce(InPlace, address, 1, _mpi.Handles.Int32, _mpi.Handles.Sum, _mpi.Work, out request), "MPI_Iallreduce"),
            "the next step"));
        return count[0] > 0;
    }

    public byte[][] Gather(byte[] mine)
    {
        int[] lengths = new int[Size];
        AllGather(new[] { mine.Length }, lengths, 1, _mpi.Handles.Int32);
        int longest = Math.Max(1, lengths.Max());
        var padded = new byte[longest];
        mine.CopyTo(padded, 0);
        var all = new byte[checked(longest * Size)];
        AllGather(padded, all, longest, _mpi.Handles.Byte);
        return [.. lengths.Select((length, rank) => all.AsSpan(rank * longest, length).ToArray())];
    }

    public void Abandon(Exception error, Action? save)
    {
        if (_abandoned)
            return;
        _abandoned = _mpi.IsBroken = true;
        try
        {
            if (!_wasTold)
            {
                lock (_gate)
                    _notices.SendFailure(error.Message);
            }
            if (Rank == 0)
            {
                save?.Invoke();
                lock (_gate)
                    _notices.SendSaved();
                return;
            }
            // mpirun ends all ranks as soon as one has ended: rank 0 must come to its end first.
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < SavingTime && !IsSaved(); Thread.Sleep(20))
                if (_peers.Dead()?.Contains("rank 0 ", StringComparison.Ordinal) ?? false)
                    return;
        }
        catch (MpiException)
        {
            // The connection is gone as well; there is nobody left to tell.
        }
    }

    private bool IsSaved()
    {
        lock (_gate)
            return _notices.ReceiveSaved();
    }

    private void Barrier() => Wait(Begin((out IntPtr request) => BeginBarrier(_mpi.Work, out request), "MPI_Ibarrier"), "all ranks to start");

    private void Broadcast(IntPtr address, long bytes)
    {
        for (long first = 0; first < bytes; first += 4L * Piece)
        {
            int now = (int)Math.Min(4L * Piece, bytes - first);
            IntPtr from = address + (nint)first;
            Wait(
                Begin((out IntPtr request) => BeginBroadcast(from, now, _mpi.Handles.Byte, 0, _mpi.Work, out request), "MPI_Ibcast"), "rank 0's weights");
        }
    }

    private void AllGather<T>(T[] mine, T[] all, int count, IntPtr type) where T : unmanaged
        => Pinned(mine, from => Pinned(all, to => Wait(
            Begin((out IntPtr request) => BeginAllGather(from, count, type, to, count, type, _mpi.Work, out request), "MPI_Iallgather"),
            "what the others have to say")));

    private delegate int Starter(out IntPtr request);

    private IntPtr Begin(Starter start, string call)
    {
        lock (_gate)
        {
            MpiProcess.Check(start(out IntPtr request), call);
            return request;
        }
    }

    /// <summary>Asks after a request until it is done. A request that is given up stays with MPI, and with it the memory that it works on.</summary>
    private void Wait(IntPtr request, string what)
    {
        var clock = Stopwatch.StartNew();
        for (var spinner = new SpinWait(); clock.Elapsed < Quick; spinner.SpinOnce(sleep1Threshold: -1))
            if (IsDone(ref request))
                return;
        using var outside = ComputeSection.StepOut();
        for (var looked = clock.Elapsed; !IsDone(ref request); Thread.Sleep(clock.Elapsed < TimeSpan.FromSeconds(1) ? 0 : 1))
        {
            if (clock.Elapsed - looked < BetweenLooks)
                continue;
            looked = clock.Elapsed;
            ThrowIfHopeless(what, clock.Elapsed);
        }
    }

    private bool IsDone(ref IntPtr request)
    {
        lock (_gate)
        {
            MpiProcess.Check(Test(ref request, out int done, IntPtr.Zero), "MPI_Test");
            return done != 0;
        }
    }

    private void ThrowIfHopeless(string what, TimeSpan waited)
    {
        (int Rank, string Text)? failure;
        lock (_gate)
            failure = _notices.ReceiveFailure();
        _wasTold |= failure is not null;
        string? problem =
            _peers.Dead() is { } dead ? $"This run lost {dead}: no such process is running any more."
            : failure is { } told ? $"Rank {told.Rank} failed: {told.Text}"
            : _terminating && waited > Grace ? "This process was asked to end (SIGTERM), as mpirun does when a rank has died: its output says which."
            : waited > _patience ? $"Waited {_patience:c} for {what}: another rank is stalled, or its machine cannot be reached."
            : null;
        if (problem is null)
            return;
        _mpi.IsBroken = true;
        throw new RankFailureException($"Rank {Rank} of {Size} gives up. {problem}");
    }

    private static void Pinned<T>(T[] array, Action<IntPtr> use) where T : unmanaged
    {
        var handle = GCHandle.Alloc(array, GCHandleType.Pinned);
        bool done = false;
        try
        {
            use(handle.AddrOfPinnedObject());
            done = true;
        }
        finally
        {
            if (done)
                handle.Free(); // else MPI may still write there
        }
    }

    /// <summary>Where a tensor on the host lies; libtorch's memory does not move.</summary>
    private static IntPtr Address(Tensor host) => Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref MemoryMarshal.GetReference(host.bytes));
}
