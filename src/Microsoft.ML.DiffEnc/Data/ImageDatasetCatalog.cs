using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;

namespace Microsoft.ML;

/// <summary>
/// Readers for image data sets, beside ML.NET's own <c>mlContext.Data.LoadFrom…</c>: files of pixels (IDX, CIFAR-10, NumPy) and folders of pictures.
/// </summary>
/// <remarks>
/// Files of pixels give the columns <c>Image</c> (<see cref="byte"/> vector of known size, channels first, pixels 0..255) and <c>Label</c>
/// (<see cref="uint"/>, the class number as the file has it). IDX and CIFAR-10 files are read and checked at once, held as bytes, and may be gzipped
/// whatever their name; NumPy files and pictures, which may be larger than memory, are read as the rows are.
/// </remarks>
public static class ImageDatasetCatalog
{
    /// <summary>Loads grey images from IDX files, the format of MNIST and its successors (Fashion-MNIST, KMNIST, EMNIST).</summary>
    /// <param name="catalog"><c>mlContext.Data</c>.</param>
    /// <param name="imagesPath">The images, usually named <c>…-images-idx3-ubyte</c> or <c>.gz</c>.</param>
    /// <param name="labelsPath">The class numbers, usually named <c>…-labels-idx1-ubyte</c> or <c>.gz</c>; null: no <c>Label</c> column.</param>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is not of this format, is cut short, or the two do not belong together.</exception>
    public static IDataView LoadFromIdx(this DataOperationsCatalog catalog, string imagesPath, string? labelsPath = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        IdxImages images = IdxFile.ReadImages(imagesPath);
        byte[]? labels = labelsPath is null ? null : IdxFile.ReadLabels(labelsPath);
        if (labels is not null && labels.Length != images.Pixels.Count)
            throw new InvalidDataException(
                $"'{labelsPath}' has {labels.Length:N0} labels, but '{imagesPath}' has {images.Pixels.Count:N0} images: " +
                "the two files do not belong together.");

        var rows = images.Pixels.Select((pixels, i) => new LabeledImage { Image = pixels, Label = labels?[i] ?? 0u });
        return Load(catalog, rows.ToArray(), channels: 1, images.Height, images.Width, hasLabels: labels is not null);
    }

    /// <summary>Loads colour images, 32×32×3, from the binary version of CIFAR-10.</summary>
    /// <param name="catalog"><c>mlContext.Data</c>.</param>
    /// <param name="paths">The files, one after the other: <c>data_batch_1.bin</c> … or <c>test_batch.bin</c>, or others of that form.</param>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is not of this format or is cut short.</exception>
    public static IDataView LoadFromCifar10(this DataOperationsCatalog catalog, params string[] paths)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(paths);
        if (paths.Length == 0)
            throw new ArgumentException("No CIFAR-10 file was given; expected at least one, for example data_batch_1.bin.", nameof(paths));
        return Load(catalog, paths.SelectMany(Cifar10File.Read).ToArray(), Cifar10File.Channels, Cifar10File.Size, Cifar10File.Size, hasLabels: true);
    }

    /// <summary>
    /// Loads images from NumPy's <c>.npz</c> files, above all the down-sampled ImageNet (32×32 or 64×64): an array <c>data</c> of unsigned bytes,
    /// [N, 3·side·side] channel by channel (also [N, side·side], grey), [N, channels, height, width] or [N, height, width, channels]; and, if it
    /// is there, an array <c>labels</c> of N whole numbers. Other arrays are left alone. Pickled files are not read: save them anew with
    /// <c>numpy.savez</c>.
    /// </summary>
    /// <param name="catalog"><c>mlContext.Data</c>.</param>
    /// <param name="paths">The files, one after the other, stored or deflated, all with images of one size, all with labels or all without.</param>
    /// <returns>
    /// <c>Image</c> and, with labels, <c>Label</c>. Headers and labels are checked at once; pixels are read front to back by every cursor, one
    /// image at a time.
    /// </returns>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or of another form, or they differ; also thrown later, by a cursor that meets
    /// damage.</exception>
    public static IDataView LoadFromNpz(this DataOperationsCatalog catalog, params string[] paths)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(paths);
        if (paths.Length == 0)
            throw new ArgumentException("No .npz file was given; expected at least one, for example train_data_batch_1.npz.", nameof(paths));
        NpzImages[] files = Array.ConvertAll(paths, NpzImages.Open);
        NpzImages first = files[0];
        foreach (NpzImages file in files)
        {
            if ((file.Channels, file.Height, file.Width) != (first.Channels, first.Height, first.Width))
                throw new InvalidDataException(
                    $"'{file.Path}' has images of {file.Width}×{file.Height}×{file.Channels}, but '{first.Path}' of " +
                    $"{first.Width}×{first.Height}×{first.Channels}: files that are loaded together must have one size.");
            if (file.HasLabels != first.HasLabels)
                throw new InvalidDataException(
                    $"'{(file.HasLabels ? first : file).Path}' has no array 'labels', but '{(file.HasLabels ? file : first).Path}' has: " +
                    "load files with and without labels apart.");
        }
        return Load(catalog, files.SelectMany(file => file.Rows()), first.Channels, first.Height, first.Width, first.HasLabels);
    }

    /// <summary>Loads the pictures in a folder and the folders below it (.png, .jpg, .jpeg, .bmp, .gif, .webp).</summary>
    /// <param name="catalog"><c>mlContext.Data</c>.</param>
    /// <param name="folder">The folder. Hidden files and links to other folders are left out.</param>
    /// <param name="labelFromFolder">Whether the sub-folder that a picture lies in, directly below <paramref name="folder"/>, names its
    /// class.</param>
    /// <param name="shuffleSeed">
    /// Decides a random order of the pictures; <see langword="null"/>: they come by their paths, and so class by class. (ML.NET's own <c>ShuffleRows</c>
    /// leaves out columns of images.)
    /// </param>
    /// <returns>
    /// <c>Path</c> (text), <c>Image</c> (<see cref="MLImage"/> of any size, decoded when it is read: append
    /// <c>ResizeImages("Image", width, height)</c>) and, if asked for, <c>Label</c> (text: append <c>MapValueToKey("Label")</c> where numbers are
    /// needed).
    /// </returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">
    /// It has no pictures; with labels, one lies in no sub-folder; or, when its row is read, a picture cannot be decoded, which is named.
    /// </exception>
    public static IDataView LoadFromImageFolder(this DataOperationsCatalog catalog, string folder, bool labelFromFolder = false, int? shuffleSeed = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return ImageFolder.Load(folder, labelFromFolder, shuffleSeed);
    }

    private static IDataView Load(DataOperationsCatalog catalog, IEnumerable<LabeledImage> rows, int channels, int height, int width, bool hasLabels)
    {
        SchemaDefinition schema = SchemaDefinition.Create(typeof(LabeledImage));
        schema[nameof(LabeledImage.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, channels, height, width);
        if (!hasLabels)
            schema.Remove(schema[nameof(LabeledImage.Label)]);
        return catalog.LoadFromEnumerable(rows, schema);
    }
}
