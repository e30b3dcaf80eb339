using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>What was asked of a <see cref="BatchedDataView"/>, and what has to be asked of its source for it.</summary>
internal sealed class ActiveColumns
{
    private readonly bool[] _columns;     // by index in the view
    private readonly bool[] _passThrough; // by index in the source

    public ActiveColumns(ColumnBindings bindings, BatchMapper mapper, IEnumerable<DataViewSchema.Column> needed)
    {
        Bindings = bindings;
        _columns = new bool[bindings.Schema.Count];
        _passThrough = new bool[bindings.InputSchema.Count];
        foreach (DataViewSchema.Column column in needed)
        {
            _columns[column.Index] = true;
            int index = bindings.MapColumnIndex(out bool isSource, column.Index);
            if (isSource)
                _passThrough[index] = true;
        }
        AnyOutput = bindings.AddedColumnIndices.Any(index => _columns[index]);
        Inputs = [.. bindings.InputSchema.Where(c => PassesThrough(c) || (AnyOutput && mapper.DependsOn(c.Index, IsOutputActive)))];
    }

    /// <summary>Where columns come from.</summary>
    public ColumnBindings Bindings { get; }

    /// <summary>Whether any added column was asked for. If none, nothing has to be computed.</summary>
    public bool AnyOutput { get; }

    /// <summary>The columns needed of the source: those that pass through, and those that the active outputs depend on.</summary>
    public IReadOnlyList<DataViewSchema.Column> Inputs { get; }

    /// <summary>Whether a column of the view was asked for.</summary>
    public bool Contains(DataViewSchema.Column column) => _columns[column.Index];

    /// <summary>Whether an added column, by its output index, was asked for.</summary>
    public bool IsOutputActive(int output) => _columns[Bindings.AddedColumnIndices[output]];

    /// <summary>Whether a column of the source was asked for.</summary>
    public bool PassesThrough(DataViewSchema.Column sourceColumn) => _passThrough[sourceColumn.Index];

    /// <summary>The index of a column in the source, or, for an added one, among the outputs.</summary>
    /// <exception cref="ArgumentException">The column was not asked for.</exception>
    public int IndexOf(DataViewSchema.Column column, out bool isSource)
        => Contains(column)
            ? Bindings.MapColumnIndex(out isSource, column.Index)
            : throw new ArgumentException(
                $"The column '{column.Name}' is not active in this cursor: name it when you ask for the cursor.", nameof(column));
}
