using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Interop;

namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>The cursor of a <see cref="BatchedDataView"/>: reads a batch of rows of its input, then hands them out one by one.</summary>
internal sealed class BatchCursor : DataViewRowCursor
{
    private readonly BatchedDataView _view;
    private readonly ActiveColumns _active;
    private readonly BufferedRows[] _rows; // one batch; or two in turn: the one that is handed out, and the one that is read meanwhile
    private readonly BatchReader _reader;

    private int _count;         // rows in the batch
    private int _slot = -1;     // the current one
    private long _rowsBefore;   // rows handed out before this batch
    private bool _disposed;

    /// <param name="view">The view.</param>
    /// <param name="input">A cursor of its source, which this one owns.</param>
    /// <param name="active">What was asked for.</param>
    /// <param name="capacity">The most rows in a batch.</param>
    /// <param name="rowsAtFirst">The rows of the first one.</param>
    /// <param name="readAhead">Whether the next batch is read while the network computes.</param>
    public BatchCursor(BatchedDataView view, DataViewRowCursor input, ActiveColumns active, int capacity, int rowsAtFirst, bool readAhead)
    {
        (_view, _active) = (view, active);
        _rows = [.. Enumerable.Range(0, readAhead ? 2 : 1).Select(_ => new BufferedRows(view, input, active, capacity, () => _slot))];
        _reader = new BatchReader(input, _rows, rowsAtFirst);
        Array.ForEach(_rows, rows => rows.BeforeCompute = _reader.ReadAhead);
    }

    public override DataViewSchema Schema => _view.Schema;

    /// <summary>-1 before the first row and after the last.</summary>
    public override long Position => _slot < 0 ? -1 : _rowsBefore + _slot;

    /// <summary>The input's batch number of the current row, by which rows of parallel cursors are put into order.</summary>
    public override long Batch => _slot < 0 ? 0 : Current.BatchOf(_slot);

    private BufferedRows Current => _rows[_reader.Current];

    public override bool MoveNext()
    {
        if (_slot + 1 < _count)
        {
            _slot++;
            return true;
        }
        _rowsBefore += _count;
        (_slot, _count) = (-1, 0);
        BufferedRows next = _reader.Next();
        _view.CheckAlive();
        _count = next.Count;
        _slot = _count > 0 ? 0 : -1;
        return _count > 0;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column);

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) =>
    {
        CheckRow();
        id = Current.Id(_slot);
    };

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        int index = _active.IndexOf(column, out bool isSource);
        ValueGetter<TValue>[] getters = Array.ConvertAll(_rows, rows => rows.Getter(index, isSource) as ValueGetter<TValue>
            ?? throw new InvalidOperationException(
                $"The column '{column.Name}' has the type {column.Type}; its values cannot be read as {typeof(TValue)}."));
        return (ref TValue value) =>
        {
            CheckRow();
            getters[_reader.Current](ref value);
        };
    }

    /// <exception cref="InvalidOperationException">There is no current row.</exception>
    private void CheckRow()
    {
        if (_slot < 0)
            throw CurrentRow.Missing();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _reader.Dispose();
        }
        base.Dispose(disposing);
    }
}
