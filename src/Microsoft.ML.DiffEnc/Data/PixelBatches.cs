using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Goes through the images of a data view once, holding no more than a few of them.</summary>
internal static class PixelBatches
{
    /// <summary>Reads images into a buffer again and again, and gives their number each time: the buffer full, at the end what is left.</summary>
    /// <param name="host">Asked whether to go on.</param>
    /// <param name="data">The rows.</param>
    /// <param name="column">Where the images are.</param>
    /// <param name="buffer">Where they go.</param>
    /// <param name="cancellation">Looked at before every row.</param>
    /// <param name="labels">Where their classes are, and where these go; <see langword="null"/>: they are not asked for.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or cannot hold such images or classes.</exception>
    /// <exception cref="InvalidOperationException">
    /// An image is missing, has another size or values other than 0..255; or there are no rows.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled by the token, or through the <see cref="MLContext"/>.</exception>
    public static IEnumerable<int> Read(
        IHost host, IDataView data, ImageColumn column, byte[] buffer, CancellationToken cancellation, (LabelColumn Column, int[] Classes)? labels = null)
    {
        int size = column.ValuesPerImage, count = 0;
        bool any = false;
        DataViewSchema.Column image = column.Find(data.Schema);
        using DataViewRowCursor cursor = data.GetRowCursor(labels is null ? [image] : [image, labels.Value.Column.Find(data.Schema)]);
        PixelReader reader = column.CreateReader(cursor);
        Func<ushort>? readClass = labels?.Column.CreateReader(cursor);
        while (cursor.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            host.CheckAlive();
            any = true;
            if (readClass is not null)
                labels!.Value.Classes[count] = readClass();
            reader.Read(buffer.AsSpan(count++ * size, size));
            if ((count + 1) * size <= buffer.Length)
                continue;
            yield return count;
            count = 0;
        }
        if (!any)
        {
            throw new InvalidOperationException(
                $"The data has no rows: there is no image in column '{column.Name}' to score. Check the source, and any filter on it.");
        }
        if (count > 0)
            yield return count;
    }
}
