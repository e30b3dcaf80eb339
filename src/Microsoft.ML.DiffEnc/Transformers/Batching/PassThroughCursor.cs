using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>The cursor for when no added column is wanted: the source's rows under the view's schema, with nothing computed or buffered.</summary>
internal sealed class PassThroughCursor(BatchedDataView view, DataViewRowCursor input, ActiveColumns active) : DataViewRowCursor
{
    public override DataViewSchema Schema => view.Schema;

    public override long Position => input.Position;

    public override long Batch => input.Batch;

    public override bool MoveNext() => input.MoveNext();

    public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column);

    public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

    // Whatever is active here is a column of the source.
    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        => input.GetGetter<TValue>(input.Schema[active.IndexOf(column, out _)]);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            input.Dispose();
        base.Dispose(disposing);
    }
}
