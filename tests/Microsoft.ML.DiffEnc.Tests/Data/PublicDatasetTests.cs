using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

/// <summary>The readers on the real files, where a folder <c>../shared/data</c> beside the repository root has them.</summary>
public class PublicDatasetTests
{
    private readonly MLContext _ml = new(seed: 1);

    [FactWithData("mnist")]
    public void Mnist_test_set_has_its_known_size_and_class_counts()
    {
        IDataView data = _ml.Data.LoadFromIdx(FactWithData.Find("mnist/t10k-images-idx3-ubyte.gz")!, FactWithData.Find("mnist/t10k-labels-idx1-ubyte.gz"));

        int[] counts = [.. data.GetColumn<uint>("Label").CountBy(label => label).OrderBy(c => c.Key).Select(c => c.Value)];
        Assert.Equal([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], counts);
        // The mean of MNIST's test pixels is 0.1325 of full scale.
        Assert.Equal(0.1325, data.GetColumn<byte[]>("Image").Average(pixels => pixels.Average(p => p / 255.0)), 0.0001);
    }

    [FactWithData("cifar10")]
    public void Cifar10_excerpt_is_read_whole()
    {
        IDataView data = _ml.Data.LoadFromCifar10(FactWithData.Find("cifar10/cifar10-test-1000.bin.gz")!);

        Assert.Equal(1000, data.GetColumn<byte[]>("Image").Count(pixels => pixels.Length == 3072));
        Assert.Equal(10, data.GetColumn<uint>("Label").Distinct().Count());
    }

    private sealed class FactWithData : FactAttribute
    {
        public FactWithData(string folder)
        {
            if (Find(folder) is null)
                Skip = $"needs ../shared/data/{folder} beside the repository root";
        }

        public static string? Find(string name)
        {
            for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
                if (File.Exists(Path.Combine(at.FullName, "DiffEnc.MLNet.sln")))
                    return Path.GetFullPath(Path.Combine(at.FullName, "..", "shared", "data", name)) is var path && Path.Exists(path) ? path : null;
            return null;
        }
    }
}
