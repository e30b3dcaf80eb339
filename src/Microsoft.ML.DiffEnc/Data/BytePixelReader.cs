namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Reads <c>Vector&lt;Byte&gt;</c> columns, in which every value is a pixel value.</summary>
internal sealed class BytePixelReader(ImageColumn column, DataViewRow row, DataViewSchema.Column source)
    : VectorPixelReader<byte>(column, row, source)
{
    /// <inheritdoc/>
    protected override byte ToPixel(byte value, int index) => value;
}
