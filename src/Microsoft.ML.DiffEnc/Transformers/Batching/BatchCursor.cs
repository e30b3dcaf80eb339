using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>The cursor of a <see cref="BatchedDataView"/>: reads a batch of rows of its input, then hands them out one by one.</summary>
internal sealed class BatchCursor : DataViewRowCursor
{
    private readonly BatchedDataView _view;
    private readonly DataViewRowCursor _input;
    private readonly ActiveColumns _active;
    private readonly RowBatch _batch;
    private readonly Delegate?[] _outputGetters; // by output index; null where inactive
    private readonly ColumnBuffer?[] _buffers;   // by source index; null where inactive
    private readonly ValueGetter<DataViewRowId> _getInputId;
    private readonly DataViewRowId[] _ids;
    private readonly long[] _batches;

    private int _count;         // rows in the batch
    private int _slot = -1;     // the current one
    private long _rowsBefore;   // rows handed out before this batch
    private bool _inputEnded;
    private bool _disposed;

    public BatchCursor(BatchedDataView view, DataViewRowCursor input, ActiveColumns active)
    {
        (_view, _input, _active) = (view, input, active);
        _ids = new DataViewRowId[view.BatchSize];
        _batches = new long[view.BatchSize];
        _getInputId = input.GetIdGetter();
        _batch = view.Mapper.CreateBatch(input, active.IsOutputActive, view.BatchSize);
        _outputGetters = [.. Enumerable.Range(0, active.Bindings.AddedColumnIndices.Count)
            .Select(output => active.IsOutputActive(output) ? _batch.CreateGetter(output, () => _slot) : null)];
        _buffers = [.. input.Schema.Select(c => active.PassesThrough(c) ? ColumnBuffer.Create(input, c, view.BatchSize) : null)];
    }

    public override DataViewSchema Schema => _view.Schema;

    /// <summary>-1 before the first row and after the last.</summary>
    public override long Position => _slot < 0 ? -1 : _rowsBefore + _slot;

    /// <summary>The input's batch number of the current row, by which rows of parallel cursors are put into order.</summary>
    public override long Batch => _slot < 0 ? 0 : _batches[_slot];

    public override bool MoveNext()
    {
        if (_slot + 1 < _count)
        {
            _slot++;
            return true;
        }
        _rowsBefore += _count;
        _count = ReadBatch();
        _slot = _count > 0 ? 0 : -1;
        return _count > 0;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column);

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = _ids[_slot];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        int index = _active.IndexOf(column, out bool isSource);
        Delegate getter = isSource ? _buffers[index]!.CreateGetter(() => _slot) : _outputGetters[index]!;
        return getter as ValueGetter<TValue>
            ?? throw new InvalidOperationException(
                $"The column '{column.Name}' has the type {column.Type}; its values cannot be read as {typeof(TValue)}.");
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _batch.Dispose();
            _input.Dispose();
        }
        base.Dispose(disposing);
    }

    private int ReadBatch()
    {
        int count = 0;
        while (count < _ids.Length && !_inputEnded)
        {
            if (!_input.MoveNext())
            {
                _inputEnded = true;
                break;
            }
            _getInputId(ref _ids[count]);
            _batches[count] = _input.Batch;
            foreach (ColumnBuffer? buffer in _buffers)
                buffer?.Fetch(count);
            _batch.ReadRow(count);
            count++;
        }
        _view.CheckAlive();
        _batch.Begin(count);
        return count;
    }
}
