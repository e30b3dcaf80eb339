using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>
/// The column that the classes of images are read from: a key, one value for each class; a missing key is an image without a label.
/// </summary>
/// <param name="Name">The column's name.</param>
/// <param name="Classes">How many classes there must be; <see langword="null"/>: that is to be found out.</param>
/// <param name="Names">What the keys must stand for; <see langword="null"/>: anything.</param>
internal sealed record LabelColumn(string Name, int? Classes = null, ClassNames? Names = null)
{
    /// <summary>Checks what an estimator can know before there are data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, or is not a key.</exception>
    public void Check(SchemaShape schema)
    {
        if (!schema.TryFindColumn(Name, out SchemaShape.Column column))
            throw Missing(string.Join(", ", schema.Select(c => c.Name)));
        if (!column.IsKey || column.Kind != SchemaShape.Column.VectorKind.Scalar)
            throw NoKey(column.Kind == SchemaShape.Column.VectorKind.Scalar ? column.ItemType.ToString()! : $"a Vector<{column.ItemType}>");
    }

    /// <summary>Finds the column in a schema, and checks it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, is not a key, or its keys are of other classes.</exception>
    public DataViewSchema.Column Find(DataViewSchema schema)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(Name) ?? throw Missing(SchemaMismatch.Names(schema));
        if (column.Type is not KeyDataViewType key)
            throw NoKey(column.Type.ToString()!);
        if (key.Count > ModelDescriptionCheck.MostClasses)
            throw Wrong($"has keys for {key.Count} classes; at most {ModelDescriptionCheck.MostClasses} are possible", "Is it the right column?");
        if (Classes is { } classes && key.Count != (ulong)classes)
            throw Wrong($"has keys for {key.Count} classes; expected {classes}, those of the training", SameKeys);
        if (Names is not null && ClassNames.Of(column) is { } found && !found.Equals(Names))
        {
            int at = Enumerable.Range(0, Names.Values.Length).FirstOrDefault(i => Names.Values[i] != found.Values[i]);
            throw Wrong(
                $"has keys that stand for other classes: key {at + 1} is '{found.Values[at]}', in the training it was '{Names.Values[at]}'",
                SameKeys);
        }
        return column;
    }

    /// <summary>The same column, with the classes and names that it has in a schema: those that all other data must have too.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, is not a key, or its keys are of other classes.</exception>
    public LabelColumn BoundTo(DataViewSchema schema)
    {
        DataViewSchema.Column column = Find(schema);
        return new(Name, (int)((KeyDataViewType)column.Type).Count, ClassNames.Of(column));
    }

    /// <summary>
    /// A reader of this column, bound to a row or cursor in whose schema <see cref="Find"/> succeeds: the class of the current row, 0 where it is
    /// missing.
    /// </summary>
    public Func<ushort> CreateReader(DataViewRow row)
    {
        DataViewSchema.Column column = Find(row.Schema);
        return Type.GetTypeCode(column.Type.RawType) switch
        {
            TypeCode.Byte => Reader<byte>(row, column, key => key),
            TypeCode.UInt16 => Reader<ushort>(row, column, key => key),
            TypeCode.UInt32 => Reader<uint>(row, column, key => checked((ushort)key)),
            _ => Reader<ulong>(row, column, key => checked((ushort)key)),
        };
    }

    private static Func<ushort> Reader<T>(DataViewRow row, DataViewSchema.Column column, Func<T, ushort> convert)
    {
        ValueGetter<T> get = row.GetGetter<T>(column);
        return () =>
        {
            T key = default!;
            get(ref key);
            return convert(key);
        };
    }

    private const string SameKeys =
        "Keys must be made by the same MapValueToKey: fit it on the training images, and use that transformer (or the saved chain) for all others.";

    private ArgumentOutOfRangeException Missing(string names)
        => SchemaMismatch.Error("inputSchema", $"There is no label column '{Name}'. The columns are: {names}.");

    private ArgumentOutOfRangeException NoKey(string found)
        => Wrong($"is {found}; expected a key, one value for each class", $"Make it one: Conversion.MapValueToKey(\"{Name}\").");

    private ArgumentOutOfRangeException Wrong(string what, string hint)
        => SchemaMismatch.Error("inputSchema", $"The label column '{Name}' {what}. {hint}");
}
