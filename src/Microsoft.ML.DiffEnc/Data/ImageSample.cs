using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Some images of a data view, of however many there are.</summary>
internal static class ImageSample
{
    /// <summary>A random choice of the rows in one pass (reservoir sampling); of the others no image is read.</summary>
    /// <param name="host">The host, which may ask to stop.</param>
    /// <param name="data">The data.</param>
    /// <param name="column">Their column of images.</param>
    /// <param name="labels">Their column of classes; <see langword="null"/>: they are not asked for.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="seed">Decides the choice, together with the number and the order of the rows.</param>
    /// <param name="cancellation">Looked at for every row.</param>
    /// <returns>The images, channels first, one byte a value, and the class of each, 0 for none.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or cannot hold such images or classes.</exception>
    /// <exception cref="InvalidOperationException">
    /// An image is missing, has another size or values other than 0..255; or there are no rows.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled by the token, or through the <see cref="MLContext"/>.</exception>
    public static (List<byte[]> Images, List<int> Classes) Load(
        IHost host, IDataView data, ImageColumn column, LabelColumn? labels, int most, int seed, CancellationToken cancellation)
    {
        var (chosen, classes) = (new List<byte[]>(), new List<int>());
        foreach (var (n, row) in ImageRows.Of(host, data, column, labels, cancellation).Index())
        {
            if (chosen.Count < most)
            {
                chosen.Add(new byte[column.ValuesPerImage]);
                classes.Add(0);
            }
            // The first rows are all taken; row n then replaces one of them with probability most/(n + 1).
            ulong place = n < most ? (ulong)n : Seeds.Mix((ulong)seed, (ulong)n) % ((ulong)n + 1);
            if (place >= (ulong)most)
                continue;
            row.Read(chosen[(int)place]);
            classes[(int)place] = row.Class;
        }
        return (chosen, classes);
    }
}
