using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>
/// Images, and their classes if likelihoods are conditioned on them, waiting for their likelihood, and the likelihoods once they are computed.
/// </summary>
internal sealed class LikelihoodBatch(
    DiffEncTransformer transformer, PixelReader reader, Func<ushort>? readClass, int capacity, bool withDiffusion) : RowBatch
{
    private readonly int _dimensions = transformer.ImageColumn.ValuesPerImage;
    private readonly byte[] _pixels = new byte[capacity * transformer.ImageColumn.ValuesPerImage];
    private readonly int[]? _classes = readClass is null ? null : new int[capacity];
    private readonly Likelihood[] _likelihoods = new Likelihood[capacity];

    /// <inheritdoc/>
    public override void ReadRow(int slot)
    {
        reader.Read(_pixels.AsSpan(slot * _dimensions, _dimensions));
        if (readClass is not null)
            _classes![slot] = readClass();
    }

    /// <inheritdoc/>
    public override Delegate CreateGetter(int output, Func<int> currentSlot) => (ValueGetter<float>)((ref float value) =>
        value = LikelihoodColumns.Value(output, _likelihoods[ComputedSlot(currentSlot)], _dimensions));

    /// <inheritdoc/>
    protected override void Compute(int count)
    {
        var classes = _classes is null ? default : _classes.AsSpan(0, count);
        transformer.Score(_pixels.AsSpan(0, count * _dimensions), count, _likelihoods, withDiffusion, classes);
    }
}
