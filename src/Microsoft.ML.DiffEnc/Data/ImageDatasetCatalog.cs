using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;

namespace Microsoft.ML;

/// <summary>
/// Readers for two public image formats, beside ML.NET's own <c>mlContext.Data.LoadFrom…</c>. Both give the columns
/// <c>Image</c> (<see cref="byte"/> vector of known size, channels first, pixels 0..255) and <c>Label</c> (<see cref="uint"/>, the class number
/// as the file has it, from 0). Files are read and checked at once, held as bytes, and may be gzipped whatever their name.
/// </summary>
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
        return Load(catalog, [.. rows], channels: 1, images.Height, images.Width, hasLabels: labels is not null);
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
        return Load(catalog, [.. paths.SelectMany(Cifar10File.Read)], Cifar10File.Channels, Cifar10File.Size, Cifar10File.Size, hasLabels: true);
    }

    private static IDataView Load(DataOperationsCatalog catalog, LabeledImage[] rows, int channels, int height, int width, bool hasLabels)
    {
        SchemaDefinition schema = SchemaDefinition.Create(typeof(LabeledImage));
        schema[nameof(LabeledImage.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, channels, height, width);
        if (!hasLabels)
            schema.Remove(schema[nameof(LabeledImage.Label)]);
        return catalog.LoadFromEnumerable(rows, schema);
    }
}
