using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>
/// The column that says of which class an image is to be made: a key, as in the training, or a text with the class's name. A missing key and an empty
/// text are no class.
/// </summary>
/// <param name="Name">The column's name.</param>
/// <param name="Classes">How many classes the model has.</param>
/// <param name="Names">What they are called; <see langword="null"/>: they have no names, and texts cannot be used.</param>
internal sealed record ClassColumn(string Name, int Classes, ClassNames? Names)
{
    private readonly LabelColumn _keys = new(Name, Classes, Names);

    /// <summary>Checks what an estimator can know before there are data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, or is neither a key nor a text.</exception>
    public void Check(SchemaShape schema)
    {
        if (schema.TryFindColumn(Name, out var column)
            && column.Kind == SchemaShape.Column.VectorKind.Scalar && column.ItemType == TextDataViewType.Instance)
            CheckNames();
        else
            _keys.Check(schema);
    }

    /// <summary>Finds the column in a schema, and checks it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, is neither a key nor a text, or its keys are of other
    /// classes.</exception>
    public DataViewSchema.Column Find(DataViewSchema schema)
    {
        if (schema.GetColumnOrNull(Name) is not { Type: TextDataViewType } column)
            return _keys.Find(schema);
        CheckNames();
        return column;
    }

    /// <summary>A reader of the current row's class, 0 for none, bound to a row or cursor in whose schema <see cref="Find"/> succeeds.</summary>
    public Func<int> CreateReader(DataViewRow row)
    {
        var column = Find(row.Schema);
        if (column.Type is not TextDataViewType)
        {
            var read = _keys.CreateReader(row);
            return () => read();
        }
        var get = row.GetGetter<ReadOnlyMemory<char>>(column);
        return () =>
        {
            ReadOnlyMemory<char> text = default;
            get(ref text);
            return text.IsEmpty ? 0 : KeyOf(text.ToString());
        };
    }

    private int KeyOf(string name)
    {
        int at = Array.IndexOf(Names!.Values, name);
        return at >= 0
            ? at + 1
            : throw new InvalidOperationException(
                $"The class column '{Name}' has '{name}'; expected one of {string.Join(", ", Names.Values)}, or nothing for whatever class.");
    }

    private void CheckNames()
    {
        if (Names is null)
            throw SchemaMismatch.Error(
                "inputSchema",
                $"The class column '{Name}' is a text, but the model's classes have no names: the training's keys had none. " +
                $"Give it a key of {Classes} classes.");
    }
}
