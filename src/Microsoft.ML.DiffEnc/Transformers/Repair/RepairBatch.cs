using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Transformers.Repair;

/// <summary>Images waiting for their repair, with their masks, and the repaired images once they are made.</summary>
internal sealed class RepairBatch(RepairTransformer transformer, PixelReader image, PixelReader? mask, int capacity) : RowBatch
{
    private readonly ImageColumn _size = transformer.Model.ImageColumn;
    private readonly byte[] _pixels = new byte[capacity * transformer.Model.ImageColumn.ValuesPerImage];
    private readonly byte[] _masks = new byte[mask is null ? 0 : capacity * transformer.Mask!.ValuesPerImage];
    private byte[] _repaired = [];

    private int Places => _size.Width * _size.Height;

    /// <inheritdoc/>
    public override void ReadRow(int slot)
    {
        image.Read(_pixels.AsSpan(slot * _size.ValuesPerImage, _size.ValuesPerImage));
        mask?.Read(_masks.AsSpan(slot * Places, Places));
    }

    /// <inheritdoc/>
    public override Delegate CreateGetter(int output, Func<int> currentSlot)
        => AddedImage.Getter(_size, () => _repaired, () => ComputedSlot(currentSlot));

    /// <inheritdoc/>
    protected override void Compute(int count)
        => _repaired = transformer.Repair(_pixels[..(count * _size.ValuesPerImage)], mask is null ? [] : _masks[..(count * Places)]);
}
