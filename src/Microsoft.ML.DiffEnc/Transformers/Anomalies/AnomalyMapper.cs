using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>An <see cref="AnomalyTransformer"/> bound to an input schema.</summary>
internal sealed class AnomalyMapper : BatchMapper
{
    private readonly AnomalyTransformer _transformer;
    private readonly ImageColumn _image;
    private readonly int _imageIndex;

    /// <exception cref="ArgumentOutOfRangeException">The schema has no column with such images as the model was trained on.</exception>
    public AnomalyMapper(AnomalyTransformer transformer, DataViewSchema inputSchema)
    {
        _transformer = transformer;
        _image = transformer.Model.ImageColumn;
        _imageIndex = _image.Find(inputSchema).Index;
        OutputColumns = AnomalyColumns.Create(inputSchema, transformer.Settings.MapColumnName, _image);
    }

    /// <inheritdoc/>
    public override DataViewSchema.DetachedColumn[] OutputColumns { get; }

    /// <inheritdoc/>
    public override bool DependsOn(int inputColumn, Func<int, bool> activeOutput) => inputColumn == _imageIndex;

    /// <inheritdoc/>
    public override RowBatch CreateBatch(DataViewRow input, Func<int, bool> activeOutput, int capacity)
    {
        bool withMap = OutputColumns.Length > AnomalyColumns.Map && activeOutput(AnomalyColumns.Map);
        bool withScore = activeOutput(AnomalyColumns.Score) || activeOutput(AnomalyColumns.PValue) || activeOutput(AnomalyColumns.PredictedLabel);
        return new AnomalyBatch(_transformer, _image.CreateReader(input), capacity, withScore, withMap);
    }
}
