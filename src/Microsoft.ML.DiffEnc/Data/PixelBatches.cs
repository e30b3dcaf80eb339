using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Goes through the images of a data view once, holding no more than a few of them.</summary>
internal static class PixelBatches
{
    /// <summary>Reads images into a buffer again and again, and gives their number each time: the buffer full, at the end what is left.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, or cannot hold such images.</exception>
    /// <exception cref="InvalidOperationException">
    /// An image is missing, has another size or values other than 0..255; or there are no rows.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled by the token, or through the <see cref="MLContext"/>.</exception>
    public static IEnumerable<int> Read(IHost host, IDataView data, ImageColumn column, byte[] buffer, CancellationToken cancellation)
    {
        int size = column.ValuesPerImage, count = 0;
        bool any = false;
        using DataViewRowCursor cursor = data.GetRowCursor([column.Find(data.Schema)]);
        PixelReader reader = column.CreateReader(cursor);
        while (cursor.MoveNext())
        {
            cancellation.ThrowIfCancellationRequested();
            host.CheckAlive();
            any = true;
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
