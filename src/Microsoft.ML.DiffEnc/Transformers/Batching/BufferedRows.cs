using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>The rows of one batch: what the network needs of them, and what passes through.</summary>
/// <param name="view">The view that is read.</param>
/// <param name="input">Its source.</param>
/// <param name="active">What was asked for.</param>
/// <param name="capacity">The most rows.</param>
/// <param name="currentSlot">The row that getters read.</param>
internal sealed class BufferedRows(BatchedDataView view, DataViewRowCursor input, ActiveColumns active, int capacity, Func<int> currentSlot) : IDisposable
{
    private readonly RowBatch _batch = view.Mapper.CreateBatch(input, active.IsOutputActive, capacity);
    private readonly ValueGetter<DataViewRowId> _getId = input.GetIdGetter();
    private readonly DataViewRowId[] _ids = new DataViewRowId[capacity];
    private readonly long[] _batches = new long[capacity];

    // By source index; null where inactive.
    private readonly ColumnBuffer?[] _buffers =
        [.. input.Schema.Select(c => active.PassesThrough(c) ? ColumnBuffer.Create(input, c, capacity) : null)];

    private readonly Dictionary<int, Delegate> _outputGetters = [];

    /// <summary>The rows that were read.</summary>
    public int Count { get; private set; }

    public bool IsFull => Count == capacity;

    /// <summary>Called before the network runs.</summary>
    public Action? BeforeCompute { set => _batch.BeforeCompute = value; }

    /// <summary>Forgets all rows.</summary>
    public void Clear() => Count = 0;

    /// <summary>Reads the input's current row.</summary>
    public void Add()
    {
        _getId(ref _ids[Count]);
        _batches[Count] = input.Batch;
        foreach (ColumnBuffer? buffer in _buffers)
            buffer?.Fetch(Count);
        _batch.ReadRow(Count);
        Count++;
    }

    /// <summary>Hands the rows over: from here on getters may compute them.</summary>
    public void Begin() => _batch.Begin(Count);

    public DataViewRowId Id(int slot) => _ids[slot];

    public long BatchOf(int slot) => _batches[slot];

    /// <summary>A getter of a column of the source, by its index there, or of an output, by its own.</summary>
    public Delegate Getter(int index, bool isSource)
    {
        if (isSource)
            return _buffers[index]!.CreateGetter(currentSlot);
        if (!_outputGetters.TryGetValue(index, out Delegate? getter))
            _outputGetters[index] = getter = _batch.CreateGetter(index, currentSlot);
        return getter;
    }

    /// <inheritdoc/>
    public void Dispose() => _batch.Dispose();
}
