using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers.Repair;

/// <summary>A <see cref="RepairTransformer"/> bound to an input schema.</summary>
internal sealed class RepairMapper : BatchMapper
{
    private readonly RepairTransformer _transformer;
    private readonly int?[] _inputs;

    /// <exception cref="ArgumentOutOfRangeException">The image column or the mask column is missing or of a wrong type or size.</exception>
    public RepairMapper(RepairTransformer transformer, DataViewSchema inputSchema)
    {
        _transformer = transformer;
        _inputs = [transformer.Model.ImageColumn.Find(inputSchema).Index, transformer.Mask?.Find(inputSchema).Index];
        OutputColumns = [AddedImage.Column(transformer.Settings.OutputColumnName, transformer.Model.ImageColumn)];
    }

    /// <inheritdoc/>
    public override DataViewSchema.DetachedColumn[] OutputColumns { get; }

    /// <inheritdoc/>
    public override bool DependsOn(int inputColumn, Func<int, bool> activeOutput) => _inputs.Contains(inputColumn);

    /// <inheritdoc/>
    public override RowBatch CreateBatch(DataViewRow input, Func<int, bool> activeOutput, int capacity)
        => new RepairBatch(_transformer, _transformer.Model.ImageColumn.CreateReader(input), _transformer.Mask?.CreateReader(input), capacity);
}
