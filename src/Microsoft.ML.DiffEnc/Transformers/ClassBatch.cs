using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>Images waiting for their classes, and the probabilities of these once they are computed.</summary>
internal sealed class ClassBatch(BayesClassifierTransformer transformer, PixelReader reader, int capacity) : RowBatch
{
    private readonly int _dimensions = transformer.ImageColumn.ValuesPerImage, _classes = transformer.Priors.Count;
    private readonly byte[] _pixels = new byte[capacity * transformer.ImageColumn.ValuesPerImage];
    private readonly float[] _posteriors = new float[capacity * transformer.Priors.Count];

    /// <inheritdoc/>
    public override void ReadRow(int slot) => reader.Read(_pixels.AsSpan(slot * _dimensions, _dimensions));

    /// <inheritdoc/>
    public override Delegate CreateGetter(int output, Func<int> currentSlot) => output switch
    {
        ClassColumns.PredictedLabel => (ValueGetter<uint>)((ref uint value) => value = MostProbable(Posterior(currentSlot))),
        _ => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
        {
            var editor = VBufferEditor.Create(ref value, _classes);
            Posterior(currentSlot).CopyTo(editor.Values);
            value = editor.Commit();
        }),
    };

    /// <inheritdoc/>
    protected override void Compute(int count) => transformer.Classify(_pixels.AsSpan(0, count * _dimensions), count, _posteriors);

    private ReadOnlySpan<float> Posterior(Func<int> currentSlot) => _posteriors.AsSpan(ComputedSlot(currentSlot) * _classes, _classes);

    /// <summary>The key of the first of the most probable classes; a missing one where the bound is not a number.</summary>
    private static uint MostProbable(ReadOnlySpan<float> posterior)
    {
        uint best = 0;
        for (int i = 0; i < posterior.Length; i++)
            if (posterior[i] > (best == 0 ? float.NegativeInfinity : posterior[(int)best - 1]))
                best = (uint)i + 1;
        return best;
    }
}
