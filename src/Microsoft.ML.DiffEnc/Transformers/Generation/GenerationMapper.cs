using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers.Generation;

/// <summary>A <see cref="GenerationTransformer"/> bound to an input schema.</summary>
internal sealed class GenerationMapper : BatchMapper
{
    private readonly GenerationTransformer _transformer;
    private readonly int?[] _inputs;

    /// <exception cref="ArgumentOutOfRangeException">The seed column or the class column is missing or of a wrong type.</exception>
    public GenerationMapper(GenerationTransformer transformer, DataViewSchema inputSchema)
    {
        _transformer = transformer;
        _inputs = [transformer.SeedColumn.Find(inputSchema)?.Index, transformer.ClassColumn?.Find(inputSchema).Index];
        OutputColumns = [AddedImage.Column(transformer.Settings.OutputColumnName, transformer.Model.ImageColumn)];
    }

    /// <inheritdoc/>
    public override DataViewSchema.DetachedColumn[] OutputColumns { get; }

    /// <inheritdoc/>
    public override bool DependsOn(int inputColumn, Func<int, bool> activeOutput) => _inputs.Contains(inputColumn);

    /// <inheritdoc/>
    public override RowBatch CreateBatch(DataViewRow input, Func<int, bool> activeOutput, int capacity)
        => new GenerationBatch(_transformer, input, capacity);
}
