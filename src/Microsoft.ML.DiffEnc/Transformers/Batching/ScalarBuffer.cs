namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>Buffers single values.</summary>
internal sealed class ScalarBuffer<T>(ValueGetter<T> source, int capacity) : ColumnBuffer
{
    private readonly T[] _values = new T[capacity];

    public override void Fetch(int slot)
    {
        // A fresh variable each time: a getter may reuse an object that it finds, and the consumer may still hold the one of an earlier row.
        T value = default!;
        source(ref value);
        _values[slot] = value;
    }

    public override Delegate CreateGetter(Func<int> currentSlot) => (ValueGetter<T>)((ref T value) => value = _values[currentSlot()]);
}
