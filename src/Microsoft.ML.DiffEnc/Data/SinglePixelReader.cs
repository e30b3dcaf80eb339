using System.Globalization;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>
/// Reads <c>Vector&lt;Single&gt;</c> columns, and refuses values that are no pixel values: the likelihood is one of integers 0..255.
/// </summary>
internal sealed class SinglePixelReader(ImageColumn column, DataViewRow row, DataViewSchema.Column source)
    : VectorPixelReader<float>(column, row, source)
{
    /// <inheritdoc/>
    protected override byte ToPixel(float value, int index)
    {
        // Only the integers 0..255 survive the conversion; whatever it makes of NaN and the rest, it is not equal to them.
        byte pixel = (byte)value;
        return pixel == value ? pixel : throw Refuse(Found(value, index), Hint(value));
    }

    private static string Found(float value, int index)
        => string.Create(CultureInfo.InvariantCulture, $"has the value {value} at index {index}; expected integers from 0 to 255");

    private static string Hint(float value) => value switch
    {
        float.NaN => "Replace missing values (ReplaceMissingValues) or remove such rows.",
        > -1 and < 1 =>
            "If the pixels were scaled to 0..1 or -1..1, leave that out " +
            "(no scaleImage or offsetImage in ExtractPixels, no normalisation) or scale them back.",
        > 0 and < 255 => "Round the values: the likelihood is one of images with 256 levels.",
        _ => "Leave out the scaling that takes the pixels out of this range (scaleImage or offsetImage in ExtractPixels), or clip them.",
    };
}
