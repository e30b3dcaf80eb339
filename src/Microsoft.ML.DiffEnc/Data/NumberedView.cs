using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Interop;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>A data view whose rows are numbered from 0 and made as they are read, column by column.</summary>
/// <param name="schema">Its columns.</param>
/// <param name="count">The number of rows.</param>
/// <param name="createGetters">
/// Called for each cursor with what tells the number of its current row; gives a <c>ValueGetter</c> for each column, whether it is asked for or not.
/// </param>
/// <param name="canShuffle">Whether rows can be read in any order without making more of them than are asked for.</param>
internal sealed class NumberedView(DataViewSchema schema, int count, Func<Func<int>, Delegate[]> createGetters, bool canShuffle) : IDataView
{
    /// <inheritdoc/>
    public bool CanShuffle => canShuffle;

    /// <inheritdoc/>
    public DataViewSchema Schema => schema;

    /// <inheritdoc/>
    public long? GetRowCount() => count;

    /// <inheritdoc/>
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        int[]? order = null;
        if (canShuffle && rand is not null)
        {
            order = [.. Enumerable.Range(0, count)];
            rand.Shuffle(order);
        }
        return new Cursor(schema, count, order, createGetters, columnsNeeded);
    }

    /// <inheritdoc/>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        => [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor : DataViewRowCursor
    {
        private readonly int _count;
        private readonly int[]? _order;
        private readonly Delegate[] _getters;
        private readonly bool[] _active;
        private int _next;

        public Cursor(
            DataViewSchema schema, int count, int[]? order, Func<Func<int>, Delegate[]> createGetters, IEnumerable<DataViewSchema.Column> needed)
        {
            (Schema, _count, _order) = (schema, count, order);
            _active = new bool[schema.Count];
            foreach (var column in needed)
                _active[column.Index] = true;
            _getters = createGetters(() => Row);
        }

        public override DataViewSchema Schema { get; }

        /// <summary>-1 before the first row and after the last.</summary>
        public override long Position => _next <= _count ? _next - 1 : -1;

        public override long Batch => 0;

        private int Row => Position is >= 0 and var position
            ? _order?[position] ?? (int)position
            : throw CurrentRow.Missing();

        public override bool MoveNext()
        {
            if (_next <= _count)
                _next++;
            return _next <= _count;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)Row, 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (!_active[column.Index])
                throw new ArgumentException(
                    $"The column '{column.Name}' is not active in this cursor: name it when you ask for the cursor.", nameof(column));
            return _getters[column.Index] as ValueGetter<TValue>
                ?? throw new InvalidOperationException(
                    $"The column '{column.Name}' has the type {column.Type}; its values cannot be read as {typeof(TValue)}.");
        }
    }
}
