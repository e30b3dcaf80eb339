using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;

namespace Microsoft.ML.DiffEnc;

/// <summary>Files of images in memory: what <see cref="DiffEncTransformer.Generate"/> gives, for one.</summary>
public static class ImageSequenceExtensions
{
    /// <summary>Saves images as PNG files, numbered from <c>000000.png</c>, each whole or not there.</summary>
    /// <param name="images">The images, which stay the caller's.</param>
    /// <param name="folder">Where to; made where it is missing.</param>
    /// <param name="overwrite">Whether files of the same names are replaced.</param>
    /// <returns>The paths of the files.</returns>
    /// <exception cref="IOException">There is a file of that name, and <paramref name="overwrite"/> is false; or it cannot be written.</exception>
    public static IReadOnlyList<string> SaveImages(this IEnumerable<MLImage> images, string folder, bool overwrite = false)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        return ImageFiles.Save(images.Select(image => (image, (string?)null)), folder, overwrite);
    }

    /// <summary>Saves images on one PNG picture, row by row.</summary>
    /// <param name="images">The images, of any sizes, which stay the caller's.</param>
    /// <param name="path">The picture, in place of a file of that name if there is one.</param>
    /// <param name="options">The layout; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">There are no images, or too many for one sheet (16,384 pixels a side, 67 million in
    /// all).</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void SaveContactSheet(this IEnumerable<MLImage> images, string path, ContactSheetOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ContactSheet.Save(images, path, options ?? new ContactSheetOptions());
    }
}
