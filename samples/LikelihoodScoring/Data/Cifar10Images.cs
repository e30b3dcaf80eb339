using Microsoft.ML;

namespace LikelihoodScoring.Data;

/// <summary>CIFAR-10's binary files in one folder; the files with "test" in their names are held out.</summary>
internal static class Cifar10Images
{
    private static readonly string[] Names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    public static ImageSet Load(MLContext ml, Settings settings)
    {
        string folder = settings.Path!;
        string[] files = [.. Directory.EnumerateFiles(folder).Where(IsBinary).Order(StringComparer.Ordinal)];
        string[] test = [.. files.Where(IsTest)], train = [.. files.Except(test)];
        if (train.Length == 0 || test.Length == 0)
            throw new UsageException(
                $"The folder '{folder}' has {train.Length} training and {test.Length} test files of CIFAR-10. " +
                "--data cifar10 needs one or more of each: files *.bin or *.bin.gz, those for testing with 'test' in their names (data_batch_1.bin, …, test_batch.bin).");
        return ClassifiedImages.Split(
            ml, settings, $"CIFAR-10 files in {folder}", ml.Data.LoadFromCifar10(train), ml.Data.LoadFromCifar10(test), label => Names[label]);
    }

    private static bool IsBinary(string path) =>
        path.EndsWith(".bin", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".bin.gz", StringComparison.OrdinalIgnoreCase);

    private static bool IsTest(string path) => Path.GetFileName(path).Contains("test", StringComparison.OrdinalIgnoreCase);
}
