using System.Reflection;
using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>Holds a column that passes through, for the rows that were read ahead.</summary>
internal abstract class ColumnBuffer
{
    private static readonly MethodInfo _createScalar = Method(nameof(CreateScalar)), _createVector = Method(nameof(CreateVector));

    /// <summary>A buffer for a column of <paramref name="input"/>, whatever its type.</summary>
    public static ColumnBuffer Create(DataViewRow input, DataViewSchema.Column column, int capacity)
    {
        if (column.Type.RawType == typeof(MLImage))
            return new ImageBuffer(input.GetGetter<MLImage>(column), capacity);
        MethodInfo create = column.Type is VectorDataViewType vector
            ? _createVector.MakeGenericMethod(vector.ItemType.RawType)
            : _createScalar.MakeGenericMethod(column.Type.RawType);
        return (ColumnBuffer)create.Invoke(null, [input, column, capacity])!;
    }

    /// <summary>Copies the value of the input's current row into <paramref name="slot"/>.</summary>
    public abstract void Fetch(int slot);

    /// <summary>A <c>ValueGetter</c> for the row in the slot that <paramref name="currentSlot"/> names at the time of the call.</summary>
    public abstract Delegate CreateGetter(Func<int> currentSlot);

    private static ScalarBuffer<T> CreateScalar<T>(DataViewRow row, DataViewSchema.Column column, int capacity)
        => new(row.GetGetter<T>(column), capacity);

    private static VectorBuffer<T> CreateVector<T>(DataViewRow row, DataViewSchema.Column column, int capacity)
        => new(row.GetGetter<VBuffer<T>>(column), capacity);

    private static MethodInfo Method(string name) => typeof(ColumnBuffer).GetMethod(name, BindingFlags.NonPublic | BindingFlags.Static)!;
}
