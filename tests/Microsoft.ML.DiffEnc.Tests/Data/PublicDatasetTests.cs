using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

/// <summary>The readers on the real files, where the shared folder has them.</summary>
public class PublicDatasetTests
{
    private readonly MLContext _ml = new(seed: 1);

    [SharedDataFact]
    public void Mnist_test_set_has_its_known_size_and_class_counts()
    {
        IDataView data = _ml.Data.LoadFromIdx(
            SharedData.Path("data", "mnist", "t10k-images-idx3-ubyte.gz"), SharedData.Path("data", "mnist", "t10k-labels-idx1-ubyte.gz"));

        int[] counts = [.. data.GetColumn<uint>("Label").CountBy(label => label).OrderBy(c => c.Key).Select(c => c.Value)];
        Assert.Equal([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], counts);
        // The mean of MNIST's test pixels is 0.1325 of full scale.
        Assert.Equal(0.1325, data.GetColumn<byte[]>("Image").Average(pixels => pixels.Average(p => p / 255.0)), 0.0001);
    }

    [SharedDataFact]
    public void Cifar10_excerpt_is_read_whole()
    {
        IDataView data = _ml.Data.LoadFromCifar10(SharedData.Path("data", "cifar10", "cifar10-test-1000.bin.gz"));

        Assert.Equal(1000, data.GetColumn<byte[]>("Image").Count(pixels => pixels.Length == 3072));
        Assert.Equal(10, data.GetColumn<uint>("Label").Distinct().Count());
    }
}
