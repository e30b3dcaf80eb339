using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers.Representations;

/// <summary>A <see cref="RepresentationTransformer"/> bound to an input schema.</summary>
internal sealed class RepresentationMapper : BatchMapper
{
    private readonly RepresentationTransformer _transformer;
    private readonly ImageColumn _image;
    private readonly int _imageIndex;

    /// <exception cref="ArgumentOutOfRangeException">The schema has no column with such images as the model was trained on.</exception>
    public RepresentationMapper(RepresentationTransformer transformer, DataViewSchema inputSchema)
    {
        _transformer = transformer;
        _image = transformer.ImageColumn;
        _imageIndex = _image.Find(inputSchema).Index;
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddSlotNames(transformer.Size, (ref VBuffer<ReadOnlyMemory<char>> names) => SlotNames.Fill(ref names, transformer));
        OutputColumns =
        [
            new(
                transformer.Settings.OutputColumnName,
                new VectorDataViewType(NumberDataViewType.Single, transformer.Size),
                annotations.ToAnnotations()),
        ];
    }

    /// <inheritdoc/>
    public override DataViewSchema.DetachedColumn[] OutputColumns { get; }

    /// <inheritdoc/>
    public override bool DependsOn(int inputColumn, Func<int, bool> activeOutput) => inputColumn == _imageIndex;

    /// <inheritdoc/>
    public override RowBatch CreateBatch(DataViewRow input, Func<int, bool> activeOutput, int capacity)
        => new RepresentationBatch(_transformer, _image.CreateReader(input), capacity);
}
