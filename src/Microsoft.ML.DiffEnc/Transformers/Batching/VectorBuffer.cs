using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>Buffers vectors; the memory of a slot is used again for the next batch.</summary>
internal sealed class VectorBuffer<T>(ValueGetter<VBuffer<T>> source, int capacity) : ColumnBuffer
{
    private readonly VBuffer<T>[] _values = new VBuffer<T>[capacity];

    public override void Fetch(int slot) => source(ref _values[slot]);

    public override Delegate CreateGetter(Func<int> currentSlot)
        => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => _values[currentSlot()].CopyTo(ref value));
}
