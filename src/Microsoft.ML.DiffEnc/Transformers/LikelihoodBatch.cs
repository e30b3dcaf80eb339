using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>Images waiting for their likelihood, and the likelihoods once they are computed.</summary>
internal sealed class LikelihoodBatch(DiffEncTransformer transformer, PixelReader reader, int capacity, bool withDiffusion) : RowBatch
{
    private readonly int _dimensions = transformer.ImageColumn.ValuesPerImage;
    private readonly byte[] _pixels = new byte[capacity * transformer.ImageColumn.ValuesPerImage];
    private readonly Likelihood[] _likelihoods = new Likelihood[capacity];

    /// <inheritdoc/>
    public override void ReadRow(int slot) => reader.Read(_pixels.AsSpan(slot * _dimensions, _dimensions));

    /// <inheritdoc/>
    public override Delegate CreateGetter(int output, Func<int> currentSlot) => (ValueGetter<float>)((ref float value) =>
        value = LikelihoodColumns.Value(output, _likelihoods[ComputedSlot(currentSlot)], _dimensions));

    /// <inheritdoc/>
    protected override void Compute(int count) => transformer.Score(_pixels.AsSpan(0, count * _dimensions), count, _likelihoods, withDiffusion);
}
