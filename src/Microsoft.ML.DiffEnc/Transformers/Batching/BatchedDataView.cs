using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>A lazy view that appends the columns of a <see cref="BatchMapper"/>, computed a batch of rows at a time.</summary>
/// <remarks>
/// There is one input cursor, which reads a batch ahead; what is active of the columns that pass through is buffered with it. So no row is read
/// twice, and shuffling and parallel cursors work as far as the source supports them. (ML.NET's own base class for batched mapping has two input
/// cursors, and none of that.)
/// </remarks>
internal sealed class BatchedDataView(IHostEnvironment env, IDataView source, BatchMapper mapper, int batchSize) : IDataView
{
    private readonly IHost _host = env.Register(nameof(BatchedDataView));

    /// <summary>Where the columns of the source and of the mapper stand in <see cref="Schema"/>.</summary>
    public ColumnBindings Bindings { get; } = new(source.Schema, mapper.OutputColumns);

    /// <summary>What computes the added columns.</summary>
    public BatchMapper Mapper => mapper;

    /// <summary>The most rows that are computed at a time.</summary>
    public int BatchSize => batchSize;

    /// <inheritdoc/>
    public DataViewSchema Schema => Bindings.Schema;

    /// <inheritdoc/>
    public bool CanShuffle => source.CanShuffle;

    /// <inheritdoc/>
    public long? GetRowCount() => source.GetRowCount();

    /// <inheritdoc/>
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        DataViewSchema.Column[] needed = [.. columnsNeeded];
        var active = new ActiveColumns(Bindings, Mapper, needed);
        // As ML.NET's own transforms do: let several threads read (and so decode pictures), and put the rows into their order here. The mapper runs
        // the network for one batch at a time.
        if (active.AnyOutput && DataViewUtils.TryCreateConsolidatingCursor(out DataViewRowCursor consolidated, this, needed, _host, rand))
            return consolidated;
        return Wrap(source.GetRowCursor(active.Inputs, rand), active);
    }

    /// <inheritdoc/>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        var active = new ActiveColumns(Bindings, Mapper, columnsNeeded);
        return Array.ConvertAll(source.GetRowCursorSet(active.Inputs, n, rand), cursor => Wrap(cursor, active));
    }

    /// <summary>Throws when the computation that the view belongs to was cancelled.</summary>
    public void CheckAlive() => _host.CheckAlive();

    private DataViewRowCursor Wrap(DataViewRowCursor input, ActiveColumns active)
        => active.AnyOutput ? new BatchCursor(this, input, active) : new PassThroughCursor(this, input, active);
}
