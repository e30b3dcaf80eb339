using Microsoft.ML.DiffEnc.Interop;

namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>
/// Reads batches of rows. While the network computes one, the next is read, and its pictures decoded, on another thread: one batch ahead and not more,
/// and not before somebody asks for what the network computes. Whoever reads has the input for himself: nobody else touches it meanwhile.
/// </summary>
/// <param name="input">The source, which the reader disposes of.</param>
/// <param name="rows">Where rows go: one batch; or two in turn, to read ahead.</param>
/// <param name="rowsAtFirst">The rows of the first batch.</param>
internal sealed class BatchReader(DataViewRowCursor input, BufferedRows[] rows, int rowsAtFirst) : IDisposable
{
    // Of each batch over the one before, until they are full.
    private const int Growth = 4;

    // A quarter of what a compute section allows all threads together.
    private const long AllocationsInSection = 16 << 20;

    private Task? _ahead;
    private int _mostRows = rowsAtFirst; // of the next batch
    private bool _inputEnded; // written by who reads, looked at when nobody does
    private volatile bool _awaited, _stopped;

    /// <summary>Which of the batches was read last.</summary>
    public int Current { get; private set; }

    private int Following => (Current + 1) % rows.Length;

    /// <summary>Goes on to the next batch: read already, being read, or read now. It is empty after the last row.</summary>
    /// <remarks>What goes wrong while reading ahead is thrown here, where the rows are missing.</remarks>
    public BufferedRows Next()
    {
        Task? ahead = _ahead;
        _ahead = null;
        if (ahead is null)
            Fill(rows[Following]);
        else
            Await(ahead);
        Current = Following;
        rows[Current].Begin();
        return rows[Current];
    }

    /// <summary>Starts to read the next batch, if there may be one and it is not read yet.</summary>
    public void ReadAhead()
    {
        if (_ahead is not null || _inputEnded || _stopped || rows.Length == 1)
            return;
        BufferedRows next = rows[Following];
        _ahead = Task.Run(() => Fill(next));
    }

    /// <summary>Waits for the row that is being read, if one is, and disposes of the input.</summary>
    public void Dispose()
    {
        _stopped = true;
        try
        {
            _ahead?.Wait();
        }
        catch (AggregateException)
        {
            // Nobody will ask for the rows that could not be read.
        }
        Array.ForEach(rows, batch => batch.Dispose());
        input.Dispose();
    }

    private void Await(Task ahead)
    {
        _awaited = true;
        try
        {
            ahead.GetAwaiter().GetResult();
        }
        finally
        {
            _awaited = false;
        }
    }

    private void Fill(BufferedRows batch)
    {
        batch.Clear();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        int most = _mostRows;
        _mostRows = (int)Math.Min((long)most * Growth, int.MaxValue);
        while (batch.Count < most && !batch.IsFull && !_inputEnded && !_stopped)
        {
            if (!input.MoveNext())
            {
                _inputEnded = true;
                break;
            }
            batch.Add();
            if (GC.GetAllocatedBytesForCurrentThread() - allocated < AllocationsInSection)
                continue;
            // Much more, and the section could not hold the garbage collector off any longer.
            ComputeSection.WaitForEnd(unless: () => _awaited || _stopped);
            allocated = GC.GetAllocatedBytesForCurrentThread();
        }
    }
}
