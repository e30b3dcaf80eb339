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
    /// <param name="label">Where their classes are; <see langword="null"/>: they have none.</param>
    /// <param name="classes">Where the classes go; <see langword="null"/>: they are not asked for.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or cannot hold such images or classes.</exception>
    /// <exception cref="InvalidOperationException">
    /// An image is missing, has another size or values other than 0..255; or there are no rows.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled by the token, or through the <see cref="MLContext"/>.</exception>
    public static IEnumerable<int> Read(
        IHost host, IDataView data, ImageColumn column, byte[] buffer, CancellationToken cancellation, LabelColumn? label = null, int[]? classes = null)
    {
        int size = column.ValuesPerImage, count = 0;
        foreach (var row in ImageRows.Of(host, data, column, label, cancellation, use: "score"))
        {
            if (classes is not null)
                classes[count] = row.Class;
            row.Read(buffer.AsSpan(count++ * size, size));
            if ((count + 1) * size <= buffer.Length)
                continue;
            yield return count;
            count = 0;
        }
        if (count > 0)
            yield return count;
    }
}
