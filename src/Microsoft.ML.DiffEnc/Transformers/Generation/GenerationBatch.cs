using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers.Generation;

/// <summary>Rows waiting for their images, and the images once they are made.</summary>
internal sealed class GenerationBatch(GenerationTransformer transformer, DataViewRow input, int capacity) : RowBatch
{
    private readonly Func<ulong> _readNumber = transformer.SeedColumn.CreateReader(input);
    private readonly Func<int>? _readClass = transformer.ClassColumn?.CreateReader(input);
    private readonly ulong[] _numbers = new ulong[capacity];
    private readonly int[] _classes = new int[capacity];
    private byte[] _pixels = [];

    /// <inheritdoc/>
    public override void ReadRow(int slot)
        => (_numbers[slot], _classes[slot]) = (_readNumber(), _readClass?.Invoke() ?? transformer.Settings.Generation.Class ?? 0);

    /// <inheritdoc/>
    public override Delegate CreateGetter(int output, Func<int> currentSlot)
        => AddedImage.Getter(transformer.Model.ImageColumn, () => _pixels, () => ComputedSlot(currentSlot));

    /// <inheritdoc/>
    protected override void Compute(int count) => _pixels = transformer.Draw(_numbers.AsSpan(0, count), _classes.AsSpan(0, count));
}
