using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>A <see cref="BayesClassifierTransformer"/> bound to an input schema.</summary>
internal sealed class ClassMapper : BatchMapper
{
    private readonly BayesClassifierTransformer _transformer;
    private readonly int _imageIndex;

    /// <exception cref="ArgumentOutOfRangeException">The schema has no column with such images as the model was trained on.</exception>
    public ClassMapper(BayesClassifierTransformer transformer, DataViewSchema inputSchema)
    {
        _transformer = transformer;
        _imageIndex = transformer.ImageColumn.Find(inputSchema).Index;
        OutputColumns = ClassColumns.Create(inputSchema, transformer.Priors.Count, transformer.Names);
    }

    /// <inheritdoc/>
    public override DataViewSchema.DetachedColumn[] OutputColumns { get; }

    /// <inheritdoc/>
    public override bool DependsOn(int inputColumn, Func<int, bool> activeOutput) => inputColumn == _imageIndex;

    /// <inheritdoc/>
    public override RowBatch CreateBatch(DataViewRow input, Func<int, bool> activeOutput, int capacity)
        => new ClassBatch(_transformer, _transformer.ImageColumn.CreateReader(input), capacity);
}
