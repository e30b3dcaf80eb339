using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>The current row of <see cref="Of"/>: its image and its class, read when they are asked for.</summary>
internal sealed class ImageRows
{
    private readonly PixelReader _pixels;
    private readonly Func<ushort>? _class;

    private ImageRows(PixelReader pixels, Func<ushort>? @class) => (_pixels, _class) = (pixels, @class);

    /// <summary>The class, from 1; 0: it has none, or none is read.</summary>
    public ushort Class => _class?.Invoke() ?? 0;

    /// <summary>Fills <paramref name="pixels"/> with the image, [C, H, W].</summary>
    /// <exception cref="InvalidOperationException">The image is missing, has another size or values other than 0..255.</exception>
    public void Read(Span<byte> pixels) => _pixels.Read(pixels);

    /// <summary>Goes through the rows of a data view once.</summary>
    /// <param name="host">Asked whether to go on.</param>
    /// <param name="data">The data.</param>
    /// <param name="column">The column of images.</param>
    /// <param name="label">The column of classes; <see langword="null"/>: none are read.</param>
    /// <param name="cancellation">Looked at before every row.</param>
    /// <param name="use">What images are for, for the message that there are none.</param>
    /// <returns>The same object for every row.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or cannot hold such images or classes.</exception>
    /// <exception cref="InvalidOperationException">There are no rows.</exception>
    /// <exception cref="OperationCanceledException">Cancelled by the token, or through the <see cref="MLContext"/>.</exception>
    public static IEnumerable<ImageRows> Of(
        IHost host, IDataView data, ImageColumn column, LabelColumn? label, CancellationToken cancellation, string use = "read")
    {
        DataViewSchema.Column image = column.Find(data.Schema);
        using DataViewRowCursor cursor = data.GetRowCursor(label is null ? [image] : [image, label.Find(data.Schema)]);
        var row = new ImageRows(column.CreateReader(cursor), label?.CreateReader(cursor));
        bool any = false;
        while (cursor.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            host.CheckAlive();
            any = true;
            yield return row;
        }
        if (!any)
        {
            throw new InvalidOperationException(
                $"The data has no rows: there is no image in column '{column.Name}' to {use}. Check the source, and any filter on it.");
        }
    }
}
