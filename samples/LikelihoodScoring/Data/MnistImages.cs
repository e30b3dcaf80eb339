using Microsoft.ML;

namespace LikelihoodScoring.Data;

/// <summary>MNIST, or any set in its form: IDX files with its names in one folder.</summary>
internal static class MnistImages
{
    public static ImageSet Load(MLContext ml, Settings settings)
    {
        string folder = settings.Path!;
        IDataView train = ml.Data.LoadFromIdx(Find(folder, "train-images", "idx3"), Find(folder, "train-labels", "idx1"));
        IDataView test = ml.Data.LoadFromIdx(Find(folder, "t10k-images", "idx3"), Find(folder, "t10k-labels", "idx1"));
        return ClassifiedImages.Split(ml, settings, $"IDX files in {folder}", train, test, label => $"{label}");
    }

    /// <summary>The usual spellings: train-images-idx3-ubyte, train-images.idx3-ubyte, each with or without .gz.</summary>
    private static string Find(string folder, string name, string kind)
    {
        string[] spellings = [$"{name}-{kind}-ubyte", $"{name}-{kind}-ubyte.gz", $"{name}.{kind}-ubyte", $"{name}.{kind}-ubyte.gz"];
        return spellings.Select(spelling => Path.Combine(folder, spelling)).FirstOrDefault(File.Exists)
            ?? throw new UsageException(
                $"The folder '{folder}' has no file '{spellings[0]}' or '{spellings[1]}'. " +
                "--data mnist needs four: images and labels (idx3, idx1) of 'train' and 't10k'.");
    }
}
