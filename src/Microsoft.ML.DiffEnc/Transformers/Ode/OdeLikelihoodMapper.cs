using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion.Ode;
using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers.Ode;

/// <summary>An <see cref="OdeLikelihoodTransformer"/> bound to an input schema.</summary>
internal sealed class OdeLikelihoodMapper : BatchMapper
{
    private readonly OdeLikelihoodTransformer _transformer;
    private readonly int _imageIndex;

    /// <exception cref="ArgumentOutOfRangeException">The schema has no column with such images as the model was trained on.</exception>
    public OdeLikelihoodMapper(OdeLikelihoodTransformer transformer, DataViewSchema inputSchema)
    {
        _transformer = transformer;
        _imageIndex = transformer.ImageColumn.Find(inputSchema).Index;
        OutputColumns = OdeLikelihoodColumns.Create();
    }

    /// <inheritdoc/>
    public override DataViewSchema.DetachedColumn[] OutputColumns { get; }

    /// <inheritdoc/>
    public override bool DependsOn(int inputColumn, Func<int, bool> activeOutput) => inputColumn == _imageIndex;

    /// <inheritdoc/>
    public override RowBatch CreateBatch(DataViewRow input, Func<int, bool> activeOutput, int capacity)
        => new Batch(_transformer, _transformer.ImageColumn.CreateReader(input), capacity);

    /// <summary>Images waiting for their likelihood, and the likelihoods once they are computed.</summary>
    private sealed class Batch(OdeLikelihoodTransformer transformer, PixelReader reader, int capacity) : RowBatch
    {
        private readonly int _dimensions = transformer.ImageColumn.ValuesPerImage;
        private readonly byte[] _pixels = new byte[capacity * transformer.ImageColumn.ValuesPerImage];
        private readonly OdeLikelihood[] _likelihoods = new OdeLikelihood[capacity];

        public override void ReadRow(int slot) => reader.Read(_pixels.AsSpan(slot * _dimensions, _dimensions));

        public override Delegate CreateGetter(int output, Func<int> currentSlot) => (ValueGetter<float>)((ref float value) =>
            value = OdeLikelihoodColumns.Value(output, _likelihoods[ComputedSlot(currentSlot)], _dimensions));

        protected override void Compute(int count) => transformer.Score(_pixels.AsSpan(0, count * _dimensions), count, _likelihoods);
    }
}
