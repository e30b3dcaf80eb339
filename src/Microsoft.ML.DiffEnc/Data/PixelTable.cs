using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>The images of a whole data view, held as bytes: one per value, channels first. And their classes, where they have labels.</summary>
/// <remarks>
/// Kept in blocks of a few megabytes, so that a table may be larger than the 2 GB that one array holds, and never has to be copied to grow.
/// </remarks>
internal sealed class PixelTable
{
    private const int BlockBytes = 1 << 24;
    private readonly List<byte[]> _blocks = [];
    private readonly List<ushort>? _classes;
    private readonly int _rowsPerBlock;

    private PixelTable(int valuesPerImage, bool hasLabels)
    {
        _classes = hasLabels ? [] : null;
        ValuesPerImage = valuesPerImage;
        _rowsPerBlock = Math.Max(1, BlockBytes / valuesPerImage);
    }

    /// <summary>The number of images.</summary>
    public int Count { get; private set; }

    /// <summary>The number of bytes of one image: channels × height × width.</summary>
    public int ValuesPerImage { get; }

    /// <summary>The pixels of one image, [C, H, W].</summary>
    public ReadOnlySpan<byte> this[int row]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(row);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Count);
            return Slot(row);
        }
    }

    /// <summary>Whether the images were read with labels.</summary>
    public bool HasLabels => _classes is not null;

    /// <summary>The class of an image, from 1; 0: it has none.</summary>
    public int ClassOf(int row) => _classes?[row] ?? 0;

    /// <summary>Reads every row of a data view, in its order.</summary>
    /// <param name="host">Who reads.</param>
    /// <param name="data">The data.</param>
    /// <param name="column">The column of images.</param>
    /// <param name="cancellation">Looked at before every row.</param>
    /// <param name="label">The column of labels; <see langword="null"/>: none are read.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or cannot hold such images or labels.</exception>
    /// <exception cref="InvalidOperationException">
    /// An image is missing, has another size or values other than 0..255; or there are no rows.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled by the token, or through the <see cref="MLContext"/>.</exception>
    public static PixelTable Load(IHost host, IDataView data, ImageColumn column, CancellationToken cancellation, LabelColumn? label = null)
    {
        var table = new PixelTable(column.ValuesPerImage, hasLabels: label is not null);
        foreach (var row in ImageRows.Of(host, data, column, label, cancellation))
        {
            row.Read(table.NewSlot());
            table._classes?.Add(row.Class);
        }
        return table;
    }

    /// <summary>Copies the images at <paramref name="rows"/>, one after the other, to <paramref name="pixels"/>.</summary>
    public void Gather(ReadOnlySpan<int> rows, Span<byte> pixels)
    {
        for (int i = 0; i < rows.Length; i++)
            this[rows[i]].CopyTo(pixels[(i * ValuesPerImage)..]);
    }

    private Span<byte> NewSlot()
    {
        if (Count % _rowsPerBlock == 0)
            _blocks.Add(new byte[_rowsPerBlock * ValuesPerImage]);
        Count = checked(Count + 1);
        return Slot(Count - 1);
    }

    private Span<byte> Slot(int row) => _blocks[row / _rowsPerBlock].AsSpan(row % _rowsPerBlock * ValuesPerImage, ValuesPerImage);
}
