namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>
/// The part of a transformer that is bound to one input schema. Immutable and safe for several threads: all cursors of a view share it.
/// </summary>
internal abstract class BatchMapper
{
    /// <summary>The columns that are added, in the order that output indices count.</summary>
    public abstract DataViewSchema.DetachedColumn[] OutputColumns { get; }

    /// <summary>Which input columns are needed when some outputs are active (by index). Not asked when none is.</summary>
    public abstract bool DependsOn(int inputColumn, Func<int, bool> activeOutput);

    /// <summary>The buffers of one cursor over <paramref name="input"/>, for up to <paramref name="capacity"/> rows.</summary>
    public abstract RowBatch CreateBatch(DataViewRow input, Func<int, bool> activeOutput, int capacity);
}
