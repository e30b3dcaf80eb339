using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Reads the image of the current row as bytes, channels first.</summary>
/// <remarks>
/// Copies the pixels at once and keeps nothing of what a getter gave: an <see cref="MLImage"/> is only good until the next row. Not for several
/// threads; every cursor has its own.
/// </remarks>
internal abstract class PixelReader(ImageColumn column, DataViewRow row)
{
    private readonly ValueGetter<DataViewRowId> _getId = row.GetIdGetter();

    /// <summary>What the column must hold.</summary>
    protected ImageColumn Column { get; } = column;

    /// <summary>Fills <paramref name="pixels"/> (<see cref="ImageColumn.ValuesPerImage"/> long) with the image: [C, H, W], red first.</summary>
    /// <exception cref="InvalidOperationException">
    /// The row's image is missing, has another size, or has values other than the integers 0..255.
    /// </exception>
    public abstract void Read(Span<byte> pixels);

    /// <summary>An error that says which row of which column it is about. Rows count from 0, in the source that the row came from.</summary>
    protected InvalidOperationException Refuse(string found, string hint)
    {
        DataViewRowId id = default;
        _getId(ref id);
        // Sources number their rows; what mixes several sources (bootstrapping, zipping) makes hashes, which need both halves.
        string rowName = id.High == 0 ? $"Row {id.Low}" : $"The row with id {id}";
        return new InvalidOperationException($"{rowName} of the image column '{Column.Name}' {found}. {hint}");
    }
}
