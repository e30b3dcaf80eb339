using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>A <see cref="DiffEncTransformer"/> bound to an input schema.</summary>
internal sealed class LikelihoodMapper : BatchMapper
{
    private readonly DiffEncTransformer _transformer;
    private readonly ImageColumn _image;
    private readonly LabelColumn? _label;
    private readonly int _imageIndex;
    private readonly int? _labelIndex;

    /// <exception cref="ArgumentOutOfRangeException">The schema has no column with such images, or such labels, as the model was trained
    /// on.</exception>
    public LikelihoodMapper(DiffEncTransformer transformer, DataViewSchema inputSchema)
    {
        _transformer = transformer;
        _image = transformer.ImageColumn;
        _imageIndex = _image.Find(inputSchema).Index;
        _label = transformer.LabelColumn;
        _labelIndex = _label?.Find(inputSchema).Index;
        OutputColumns = LikelihoodColumns.Create(inputSchema);
    }

    /// <inheritdoc/>
    public override DataViewSchema.DetachedColumn[] OutputColumns { get; }

    /// <inheritdoc/>
    public override bool DependsOn(int inputColumn, Func<int, bool> activeOutput) => inputColumn == _imageIndex || inputColumn == _labelIndex;

    /// <inheritdoc/>
    public override RowBatch CreateBatch(DataViewRow input, Func<int, bool> activeOutput, int capacity)
    {
        bool withDiffusion = Enumerable.Range(0, LikelihoodColumns.Count).Any(i => activeOutput(i) && LikelihoodColumns.NeedsDiffusion(i));
        return new LikelihoodBatch(_transformer, _image.CreateReader(input), _label?.CreateReader(input), capacity, withDiffusion);
    }
}
