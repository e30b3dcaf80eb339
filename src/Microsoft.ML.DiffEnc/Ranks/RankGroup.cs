using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Interop.Mpi;
using Microsoft.ML.DiffEnc.Ranks;

namespace Microsoft.ML.DiffEnc;

/// <summary>
/// The processes that train one model or score one data set together. Each runs the same program and makes the same calls in the same order; where one
/// of them fails or dies, the calls of the others throw an <see cref="InvalidOperationException"/> that says so.
/// </summary>
public sealed class RankGroup : IDisposable
{
    private static readonly TimeSpan DefaultPatience = TimeSpan.FromMinutes(10);
    private readonly MpiProcess? _mpi;
    private readonly MLContext _context = new();
    private bool _disposed;

    private RankGroup(IRankGroup ranks, MpiProcess? mpi) => (Ranks, _mpi) = (ranks, mpi);

    /// <summary>
    /// The processes that <c>mpirun</c> started, by Open MPI (Linux; the package <c>openmpi-bin</c> of Debian and Ubuntu). Without <c>mpirun</c> it is this
    /// process alone, and MPI is not needed.
    /// </summary>
    /// <param name="patience">
    /// How long a call waits for another process that neither answers nor is known to be dead; longer than rank 0 takes for a checkpoint or a look at the
    /// validation set. Default: 10 minutes.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The patience is not positive.</exception>
    /// <exception cref="DllNotFoundException">Open MPI is not installed, or what is there is another MPI.</exception>
    /// <exception cref="InvalidOperationException">MPI fails or was finished before, or the processes were started by another MPI's launcher.</exception>
    public static RankGroup Mpi(TimeSpan? patience = null)
    {
        var most = patience ?? DefaultPatience;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(most, TimeSpan.Zero, nameof(patience));
        if (!MpiProcess.WasLaunched)
            return new RankGroup(SingleRank.Instance, mpi: null);
        var mpi = MpiProcess.Start();
        return new RankGroup(new MpiRanks(mpi, most), mpi);
    }

    /// <summary>The number of this process, 0..<see cref="Size"/> − 1. Rank 0 writes checkpoints and reports progress.</summary>
    public int Rank => Ranks.Rank;

    /// <summary>The number of processes.</summary>
    public int Size => Ranks.Size;

    /// <summary>The number of this process among those on its machine, from 0: the number of its GPU, where each has one (not yet tried).</summary>
    public int LocalRank => Ranks is MpiRanks ranks ? ranks.LocalRank : 0;

    internal IRankGroup Ranks { get; }

    /// <summary>
    /// This process' share of the rows: a run of them, as long as the others' or one longer. Nothing is sent; every process has the same data before it.
    /// </summary>
    public IDataView Shard(IDataView data)
    {
        ArgumentNullException.ThrowIfNull(data);
        ObjectDisposedException.ThrowIf(_disposed, this);
        long rows = data.GetRowCount() ?? CountRows(data);
        return RowRanges.Slice(_context, data, rows * Rank / Size, rows * (Rank + 1) / Size);
    }

    /// <summary>
    /// The rows of all processes, those of rank 0 first: what <see cref="Shard"/> took apart is in its order again, in every process. Rows are read, and
    /// so scored, by this call. All of them travel, so select the columns that are needed; columns of images are left out.
    /// </summary>
    /// <param name="data">This process' rows; the columns are the same in every process.</param>
    /// <exception cref="InvalidOperationException">Another process is gone, or failed.</exception>
    public IDataView Gather(IDataView data)
    {
        ArgumentNullException.ThrowIfNull(data);
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            using var mine = new MemoryStream();
            _context.Data.SaveAsBinary(data, mine);
            byte[][] all = Ranks.Gather(mine.ToArray());
            return RowRanges.Append(_context, [.. all.Select(rows => _context.Data.LoadFromBinary(new BytesSource(rows)))]);
        }
        catch (Exception e)
        {
            Ranks.Abandon(e, save: null);
            throw;
        }
    }

    /// <summary>Ends the work together; after it, this process has no other group.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _mpi?.Finish();
    }

    private static long CountRows(IDataView data)
    {
        long rows = 0;
        using DataViewRowCursor cursor = data.GetRowCursor([]);
        while (cursor.MoveNext())
            rows++;
        return rows;
    }

    /// <summary>Rows in ML.NET's binary form.</summary>
    private sealed class BytesSource(byte[] rows) : IMultiStreamSource
    {
        public int Count => 1;

        public string? GetPathOrNull(int index) => null;

        public Stream Open(int index) => new MemoryStream(rows, writable: false);

        public TextReader OpenTextReader(int index) => new StreamReader(Open(index));
    }
}
