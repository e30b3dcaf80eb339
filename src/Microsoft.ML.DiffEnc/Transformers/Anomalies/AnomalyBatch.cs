using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>Images waiting for their anomaly scores and maps, and these once they are computed.</summary>
internal sealed class AnomalyBatch(AnomalyTransformer transformer, PixelReader reader, int capacity, bool withScore, bool withMap) : RowBatch
{
    private readonly int _dimensions = transformer.Model.ImageColumn.ValuesPerImage;
    private readonly byte[] _pixels = new byte[capacity * transformer.Model.ImageColumn.ValuesPerImage];
    private readonly int _places = transformer.Model.ImageColumn.Width * transformer.Model.ImageColumn.Height;
    private readonly float[] _scores = withScore ? new float[capacity] : [];
    private readonly float[] _maps = withMap ? new float[capacity * transformer.Model.ImageColumn.Width * transformer.Model.ImageColumn.Height] : [];

    /// <inheritdoc/>
    public override void ReadRow(int slot) => reader.Read(_pixels.AsSpan(slot * _dimensions, _dimensions));

    /// <inheritdoc/>
    public override Delegate CreateGetter(int output, Func<int> currentSlot) => output switch
    {
        AnomalyColumns.Score => (ValueGetter<float>)((ref float value) => value = _scores[ComputedSlot(currentSlot)]),
        AnomalyColumns.PValue => (ValueGetter<float>)((ref float value) => value = transformer.Settings.PValue(_scores[ComputedSlot(currentSlot)])),
        AnomalyColumns.PredictedLabel => (ValueGetter<bool>)((ref bool value) => value = transformer.IsAnomaly(_scores[ComputedSlot(currentSlot)])),
        _ => (ValueGetter<MLImage>)((ref MLImage value) =>
        {
            value?.Dispose();
            value = transformer.Draw(_maps.AsSpan(ComputedSlot(currentSlot) * _places, _places));
        }),
    };

    /// <inheritdoc/>
    protected override void Compute(int count) => transformer.Score(
        _pixels.AsSpan(0, count * _dimensions), count,
        withScore ? _scores.AsSpan(0, count) : default, withMap ? _maps.AsSpan(0, count * _places) : default);
}
