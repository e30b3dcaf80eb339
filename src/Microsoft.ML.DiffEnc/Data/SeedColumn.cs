using System.Numerics;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>The numbers of rows that decide what is drawn for them: whole numbers of a column or, without one, the rows' own ids.</summary>
/// <param name="Name">The column; <see langword="null"/>: the ids.</param>
internal sealed record SeedColumn(string? Name)
{
    private static readonly DataViewType[] _types =
    [
        NumberDataViewType.SByte, NumberDataViewType.Byte, NumberDataViewType.Int16, NumberDataViewType.UInt16,
        NumberDataViewType.Int32, NumberDataViewType.UInt32, NumberDataViewType.Int64, NumberDataViewType.UInt64,
    ];

    /// <summary>Checks what an estimator can know before there are data.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, or does not hold whole numbers.</exception>
    public void Check(SchemaShape schema)
    {
        if (Name is null)
            return;
        if (!schema.TryFindColumn(Name, out SchemaShape.Column column))
            throw Missing(string.Join(", ", schema.Select(c => c.Name)));
        if (column.IsKey || column.Kind != SchemaShape.Column.VectorKind.Scalar || !_types.Contains(column.ItemType))
            throw NoNumber(column.IsKey ? "a key" : column.Kind == SchemaShape.Column.VectorKind.Scalar ? $"{column.ItemType}" : "a vector");
    }

    /// <summary>Finds the column in a schema, and checks it; <see langword="null"/>: none is needed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, or does not hold whole numbers.</exception>
    public DataViewSchema.Column? Find(DataViewSchema schema)
    {
        if (Name is null)
            return null;
        var column = schema.GetColumnOrNull(Name) ?? throw Missing(SchemaMismatch.Names(schema));
        return _types.Contains(column.Type) ? column : throw NoNumber(column.Type.ToString()!);
    }

    /// <summary>A reader of the current row's number, bound to a row or cursor in whose schema <see cref="Find"/> succeeds.</summary>
    public Func<ulong> CreateReader(DataViewRow row)
    {
        if (Find(row.Schema) is not { } column)
            return OfIds(row);
        return Type.GetTypeCode(column.Type.RawType) switch
        {
            TypeCode.SByte => Reader<sbyte>(row, column),
            TypeCode.Byte => Reader<byte>(row, column),
            TypeCode.Int16 => Reader<short>(row, column),
            TypeCode.UInt16 => Reader<ushort>(row, column),
            TypeCode.Int32 => Reader<int>(row, column),
            TypeCode.UInt32 => Reader<uint>(row, column),
            TypeCode.Int64 => Reader<long>(row, column),
            _ => Reader<ulong>(row, column),
        };
    }

    // Sources number their rows from 0; what mixes several sources makes hashes, which need both halves.
    private static Func<ulong> OfIds(DataViewRow row)
    {
        var get = row.GetIdGetter();
        return () =>
        {
            DataViewRowId id = default;
            get(ref id);
            return id.High == 0 ? id.Low : Seeds.Mix(id.Low, id.High);
        };
    }

    private static Func<ulong> Reader<T>(DataViewRow row, DataViewSchema.Column column)
        where T : IBinaryInteger<T>
    {
        ValueGetter<T> get = row.GetGetter<T>(column);
        return () =>
        {
            T value = default!;
            get(ref value);
            return ulong.CreateTruncating(value); // negative ones become the largest, the same from every type
        };
    }

    private ArgumentOutOfRangeException Missing(string names)
        => SchemaMismatch.Error("inputSchema", $"There is no seed column '{Name}'. The columns are: {names}.");

    private ArgumentOutOfRangeException NoNumber(string found)
        => SchemaMismatch.Error(
            "inputSchema",
            $"The seed column '{Name}' is {found}; expected whole numbers (SByte to UInt64). " +
            $"Convert it: Conversion.ConvertType(\"{Name}\", outputKind: DataKind.Int64).");
}
