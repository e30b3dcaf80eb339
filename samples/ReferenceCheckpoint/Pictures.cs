using LikelihoodScoring;
using LikelihoodScoring.Drawing;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ReferenceCheckpoint;

/// <summary>The pictures to score, by whichever of the library's readers takes their file.</summary>
/// <param name="Data">As they were read.</param>
/// <param name="Preparation">What comes before the model: nothing for pixels, resizing for pictures.</param>
/// <param name="Width">In pixels, as the model sees them.</param>
/// <param name="Height">In pixels.</param>
internal sealed record Pictures(IDataView Data, TransformerChain<ITransformer> Preparation, int Width, int Height)
{
    /// <summary>The column.</summary>
    public const string Column = "Image";

    /// <summary>Opens the first of them.</summary>
    /// <exception cref="UsageException">There are none, or it is not clear in what form.</exception>
    public static Pictures Open(MLContext ml, string path, int size, int count)
    {
        if (Directory.Exists(path))
        {
            IDataView folder = ml.Data.TakeRows(ml.Data.LoadFromImageFolder(path), count);
            var resize = new EstimatorChain<ITransformer>().Append<ITransformer>(ml.Transforms.ResizeImages(Column, size, size));
            return new(folder, resize.Fit(folder), size, size);
        }
        if (!File.Exists(path))
            throw new UsageException($"There is no file or folder '{path}' (looked for it at '{Path.GetFullPath(path)}'). Check --data.");
        string name = Path.GetFileName(path).ToLowerInvariant();
        IDataView pixels = ml.Data.TakeRows(
            name.Contains("idx3", StringComparison.Ordinal) ? ml.Data.LoadFromIdx(path)
            : name.EndsWith(".npz", StringComparison.Ordinal) ? ml.Data.LoadFromNpz(path)
            : name.EndsWith(".bin", StringComparison.Ordinal) || name.EndsWith(".bin.gz", StringComparison.Ordinal) ? ml.Data.LoadFromCifar10(path)
            : throw new UsageException(
                $"'{path}' has no name that says what it is; expected …idx3-ubyte (MNIST's form), .bin (CIFAR-10), either with .gz or without, " +
                ".npz (down-sampled ImageNet), or a folder of pictures."),
            count);
        var type = (VectorDataViewType)pixels.Schema[Column].Type; // channels, height, width
        return new(pixels, new EstimatorChain<ITransformer>().Fit(pixels), type.Dimensions[2], type.Dimensions[1]);
    }

    /// <summary>Ready for the model.</summary>
    public IDataView Prepared => Preparation.Transform(Data);

    /// <summary>Their pixels as the model sees them, channels first.</summary>
    public IEnumerable<byte[]> Pixels(int channels) => Prepared.Schema[Column].Type is VectorDataViewType
        ? Prepared.GetColumn<byte[]>(Column)
        : Prepared.GetColumn<MLImage>(Column).Select(image => Raster.ToPixels(image, channels));
}
