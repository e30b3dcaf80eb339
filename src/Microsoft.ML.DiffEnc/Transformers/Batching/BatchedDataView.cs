using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>A lazy view that appends the columns of a <see cref="BatchMapper"/>, computed a batch of rows at a time.</summary>
/// <remarks>
/// There is one input cursor, which reads a batch at a time, and the next one while the network computes; what is active of the columns that pass through is buffered with it. So no row is read
/// twice, and shuffling and parallel cursors work as far as the source supports them. (ML.NET's own base class for batched mapping has two input
/// cursors, and none of that.)
/// </remarks>
/// <param name="env">The environment.</param>
/// <param name="source">The rows.</param>
/// <param name="mapper">What computes the added columns.</param>
/// <param name="batchSize">The most rows that are computed at a time.</param>
/// <param name="readAhead">Whether a batch may be read while the network computes the one before.</param>
/// <param name="rowsAtFirst">The rows of the first batch; each further one is larger, up to <paramref name="batchSize"/>: who looks at the first row
/// alone does not wait for a full one. <see langword="null"/>: full ones from the start, where rows are cheaper together.</param>
internal sealed class BatchedDataView(
    IHostEnvironment env, IDataView source, BatchMapper mapper, int batchSize, bool readAhead = true, int? rowsAtFirst = null) : IDataView
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
        return Wrap(source.GetRowCursor(active.Inputs, rand), active, alone: rand is null);
    }

    /// <inheritdoc/>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        var active = new ActiveColumns(Bindings, Mapper, columnsNeeded);
        DataViewRowCursor[] set = source.GetRowCursorSet(active.Inputs, n, rand);
        return Array.ConvertAll(set, cursor => Wrap(cursor, active, alone: rand is null && set.Length == 1));
    }

    /// <summary>Throws when the computation that the view belongs to was cancelled.</summary>
    public void CheckAlive() => _host.CheckAlive();

    /// <param name="input">A cursor of the source.</param>
    /// <param name="active">What was asked for.</param>
    /// <param name="alone">
    /// Whether nobody else reads meanwhile. Parallel cursors read while one of them computes as it is; and where rows are shuffled the source draws
    /// from the caller's random numbers, which are not for two threads.
    /// </param>
    private DataViewRowCursor Wrap(DataViewRowCursor input, ActiveColumns active, bool alone)
    {
        if (!active.AnyOutput)
            return new PassThroughCursor(this, input, active);
        long rows = source.GetRowCount() ?? long.MaxValue;
        return new BatchCursor(this, input, active, (int)Math.Clamp(rows, 1, BatchSize), rowsAtFirst ?? BatchSize, readAhead && alone && rows > BatchSize);
    }
}
