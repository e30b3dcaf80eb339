using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers.Representations;

/// <summary>Images waiting for their representation, and the representations once they are computed.</summary>
internal sealed class RepresentationBatch(RepresentationTransformer transformer, PixelReader reader, int capacity) : RowBatch
{
    private readonly int _dimensions = transformer.ImageColumn.ValuesPerImage;
    private readonly byte[] _pixels = new byte[capacity * transformer.ImageColumn.ValuesPerImage];
    private readonly float[] _features = new float[capacity * transformer.Size];

    /// <inheritdoc/>
    public override void ReadRow(int slot) => reader.Read(_pixels.AsSpan(slot * _dimensions, _dimensions));

    /// <inheritdoc/>
    public override Delegate CreateGetter(int output, Func<int> currentSlot) => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
    {
        int size = transformer.Size, slot = ComputedSlot(currentSlot);
        var editor = VBufferEditor.Create(ref value, size);
        _features.AsSpan(slot * size, size).CopyTo(editor.Values);
        value = editor.Commit();
    });

    /// <inheritdoc/>
    protected override void Compute(int count) => transformer.Extract(_pixels.AsSpan(0, count * _dimensions), count, _features);
}
