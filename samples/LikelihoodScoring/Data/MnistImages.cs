using Microsoft.ML;

namespace LikelihoodScoring.Data;

/// <summary>MNIST, or any set in its form: IDX files with its names in one folder.</summary>
internal static class MnistImages
{
    public static ImageSet Load(MLContext ml, Settings settings)
    {
        string folder = settings.Path!;
        (string Name, string Kind)[] needed = [("train-images", "idx3"), ("train-labels", "idx1"), ("t10k-images", "idx3"), ("t10k-labels", "idx1")];
        string[] missing = [.. needed.Where(file => Find(folder, file.Name, file.Kind) is null).Select(file => $"{file.Name}-{file.Kind}-ubyte")];
        if (missing.Length > 0)
            throw new UsageException(
                $"The folder '{folder}' has no {string.Join(", no ", missing)}, with or without .gz. --data mnist needs four files: " +
                "images (idx3) and labels (idx1) of 'train', and the same of 't10k', from which the pictures to score are taken.");

        string[] found = [.. needed.Select(file => Find(folder, file.Name, file.Kind)!)];
        IDataView train = ml.Data.LoadFromIdx(found[0], found[1]), test = ml.Data.LoadFromIdx(found[2], found[3]);
        return ClassifiedImages.Split(ml, settings, $"IDX files in {folder}", train, test, label => $"{label}");
    }

    /// <summary>The usual spellings: train-images-idx3-ubyte, train-images.idx3-ubyte, each with or without .gz.</summary>
    private static string? Find(string folder, string name, string kind)
    {
        string[] spellings = [$"{name}-{kind}-ubyte", $"{name}-{kind}-ubyte.gz", $"{name}.{kind}-ubyte", $"{name}.{kind}-ubyte.gz"];
        return spellings.Select(spelling => Path.Combine(folder, spelling)).FirstOrDefault(File.Exists);
    }
}
