using Microsoft.ML.DiffEnc;
using Microsoft.ML.DiffEnc.Data;

namespace Microsoft.ML;

/// <summary>Writers of images, beside ML.NET's own <c>mlContext.Data.SaveAs…</c>: PNG files in a folder, and contact sheets.</summary>
public static class ImageFileCatalog
{
    /// <summary>Saves the images of a view as PNG files, each whole or not there.</summary>
    /// <param name="catalog"><c>mlContext.Data</c>.</param>
    /// <param name="data">The view. It is read once; files of rows before an error stay.</param>
    /// <param name="folder">Where to; made where it is missing.</param>
    /// <param name="imageColumnName">The column of images, <c>MLImage</c>.</param>
    /// <param name="nameColumnName">
    /// A column of file names without a folder, text or Int64; <c>.png</c> is added where it is missing. <see langword="null"/>: the rows' numbers,
    /// from <c>000000.png</c>.
    /// </param>
    /// <param name="overwrite">Whether files of the same names are replaced.</param>
    /// <returns>The paths of the files, in the order of the rows.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a wrong type.</exception>
    /// <exception cref="InvalidOperationException">
    /// A row has no image, or a name that cannot be a file's in this folder on every system: with a separator, say, or an earlier row's.
    /// </exception>
    /// <exception cref="IOException">There is a file of that name, and <paramref name="overwrite"/> is false; or it cannot be written.</exception>
    public static IReadOnlyList<string> SaveImages(
        this DataOperationsCatalog catalog, IDataView data, string folder, string imageColumnName = "Image", string? nameColumnName = null,
        bool overwrite = false)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        ArgumentException.ThrowIfNullOrWhiteSpace(imageColumnName);
        return ImageFiles.Save(ImageFiles.Read(data, imageColumnName, nameColumnName), folder, overwrite);
    }

    /// <summary>Saves the images of a view on one PNG picture, row by row.</summary>
    /// <param name="catalog"><c>mlContext.Data</c>.</param>
    /// <param name="data">The view; of a long one, take the first rows (<c>TakeRows</c>).</param>
    /// <param name="path">The picture, in place of a file of that name if there is one.</param>
    /// <param name="imageColumnName">The column of images, <c>MLImage</c>, of any sizes.</param>
    /// <param name="options">The layout; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or of a wrong type, or an option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">There are no images, or too many for one sheet (16,384 pixels a side, 67 million in
    /// all).</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void SaveContactSheet(
        this DataOperationsCatalog catalog, IDataView data, string path, string imageColumnName = "Image", ContactSheetOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentException.ThrowIfNullOrWhiteSpace(imageColumnName);
        var images = ImageFiles.Read(data, imageColumnName, nameColumnName: null).Select(row => row.Image);
        ContactSheet.Save(images, path, options ?? new ContactSheetOptions());
    }
}
