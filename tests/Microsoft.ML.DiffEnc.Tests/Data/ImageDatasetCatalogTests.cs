using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

public sealed class ImageDatasetCatalogTests : IDisposable
{
    private const int CifarPixels = 3 * 32 * 32;
    private readonly MLContext _ml = new(seed: 1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-datasets-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Idx_files_give_images_and_labels_gzipped_or_not(bool gzip)
    {
        string images = Save("images", IdxImages(count: 3, height: 2, width: 4), gzip), labels = Save("labels", IdxLabels(7, 0, 9), gzip);
        IDataView data = _ml.Data.LoadFromIdx(images, labels);

        var type = Assert.IsType<VectorDataViewType>(data.Schema["Image"].Type);
        Assert.Equal((NumberDataViewType.Byte, 8), (type.ItemType, type.Size));
        Assert.Equal([1, 2, 4], type.Dimensions.ToArray());
        Assert.Equal(NumberDataViewType.UInt32, data.Schema["Label"].Type);
        Assert.Equal([7u, 0u, 9u], data.GetColumn<uint>("Label"));
        byte[][] pixels = [.. data.GetColumn<byte[]>("Image")];
        Assert.Equal([8, 9, 10, 11, 12, 13, 14, 15], pixels[1]);
        Assert.Equal(3, data.GetRowCount());
    }

    [Fact]
    public void Idx_images_without_labels_have_no_label_column()
    {
        IDataView data = _ml.Data.LoadFromIdx(Save("images", IdxImages(2, 2, 2)));
        Assert.Null(data.Schema.GetColumnOrNull("Label"));
        Assert.Equal(2, data.GetColumn<byte[]>("Image").Count());
    }

    [Fact]
    public void Idx_images_cut_short_are_refused_with_the_image_where_they_end()
    {
        string path = Save("images", IdxImages(3, 2, 4)[..^5]);
        AssertRefused(path, "inside image 3 of the 3 images of 4×2", () => _ml.Data.LoadFromIdx(path));
    }

    [Fact]
    public void Idx_images_that_go_on_too_long_are_refused()
    {
        string path = Save("images", [.. IdxImages(3, 2, 4), 0]);
        AssertRefused(path, "goes on after the 3 images", () => _ml.Data.LoadFromIdx(path));
    }

    [Fact]
    public void An_idx_header_that_promises_absurd_sizes_is_refused_before_anything_is_allocated()
    {
        byte[] bytes = IdxImages(1, 2, 2);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), int.MaxValue);
        string path = Save("images", bytes);
        AssertRefused(path, "expected sides of 1 to 4096", () => _ml.Data.LoadFromIdx(path));
    }

    [Fact]
    public void Labels_given_as_images_are_refused_and_said_to_be_labels()
    {
        string path = Save("labels", IdxLabels(1, 2));
        AssertRefused(path, "starts with 0x00000801, that of IDX labels; expected 0x00000803", () => _ml.Data.LoadFromIdx(path));
    }

    [Fact]
    public void Labels_of_another_length_than_the_images_are_refused()
    {
        string images = Save("images", IdxImages(3, 2, 2)), labels = Save("labels", IdxLabels(1, 2));
        AssertRefused(labels, "2 labels, but", () => _ml.Data.LoadFromIdx(images, labels));
    }

    [Fact]
    public void Labels_cut_short_are_refused()
    {
        string images = Save("images", IdxImages(3, 2, 2)), labels = Save("labels", IdxLabels(1, 2, 3)[..^1]);
        AssertRefused(labels, "has 2 labels, but its header promises 3", () => _ml.Data.LoadFromIdx(images, labels));
    }

    [Fact]
    public void A_damaged_gzip_file_is_refused_by_name()
    {
        string path = Save("images.gz", IdxImages(3, 20, 20), gzip: true);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[10] = 0xFF; // the first block, right after gzip's header: a block type that does not exist
        File.WriteAllBytes(path, bytes);
        AssertRefused(path, "cannot be unzipped", () => _ml.Data.LoadFromIdx(path));
    }

    [Fact]
    public void A_gzip_file_cut_short_is_refused_by_name()
    {
        string path = Save("images.gz", IdxImages(3, 20, 20), gzip: true);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^40]);
        AssertRefused(path, "cut short", () => _ml.Data.LoadFromIdx(path));
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<FileNotFoundException>(() => _ml.Data.LoadFromIdx("no-such-file"));
        Assert.Contains("'no-such-file'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cifar10_files_follow_each_other(bool gzip)
    {
        string first = Save("data_batch_1.bin", [.. CifarRecord(3, 10), .. CifarRecord(9, 20)], gzip);
        string second = Save("test_batch.bin", CifarRecord(0, 30), gzip);
        IDataView data = _ml.Data.LoadFromCifar10(first, second);

        Assert.Equal([3, 32, 32], Assert.IsType<VectorDataViewType>(data.Schema["Image"].Type).Dimensions.ToArray());
        Assert.Equal([3u, 9u, 0u], data.GetColumn<uint>("Label"));
        Assert.Equal([(10, 11), (20, 21), (30, 31)], data.GetColumn<byte[]>("Image").Select(p => ((int)p[0], (int)p[^1])));
    }

    [Fact]
    public void Cifar10_records_cut_short_are_refused()
    {
        string path = Save("a.bin", [.. CifarRecord(3, 10), .. CifarRecord(4, 10).AsSpan(0, 100)]);
        AssertRefused(path, "has 3,173 bytes; expected one or more whole records of 3,073 bytes", () => _ml.Data.LoadFromCifar10(path));
    }

    [Fact]
    public void Cifar10_classes_beyond_nine_are_refused()
    {
        string path = Save("a.bin", CifarRecord(10, 1));
        AssertRefused(path, "record 1 has class 10; expected 0 to 9", () => _ml.Data.LoadFromCifar10(path));
    }

    [Fact]
    public void An_empty_cifar10_file_is_refused()
    {
        string path = Save("a.bin", []);
        AssertRefused(path, "has 0 bytes", () => _ml.Data.LoadFromCifar10(path));
    }

    [Fact]
    public void Rows_can_be_shuffled_and_stay_aligned()
    {
        IDataView data = _ml.Data.LoadFromCifar10(Save("a.bin", [.. Enumerable.Range(0, 10).SelectMany(i => CifarRecord((byte)i, (byte)(10 * i)))]));
        IDataView shuffled = _ml.Data.ShuffleRows(data, seed: 3);
        Assert.All(shuffled.GetColumn<uint>("Label").Zip(shuffled.GetColumn<byte[]>("Image")), row => Assert.Equal(10 * row.First, row.Second[0]));
        Assert.NotEqual(data.GetColumn<uint>("Label"), shuffled.GetColumn<uint>("Label"));
    }

    private static byte[] IdxImages(int count, int height, int width)
    {
        byte[] bytes = new byte[16 + count * height * width];
        int[] header = [0x0803, count, height, width];
        for (int i = 0; i < header.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 * i), header[i]);
        for (int i = 16; i < bytes.Length; i++)
            bytes[i] = (byte)(i - 16);
        return bytes;
    }

    private static byte[] IdxLabels(params byte[] labels) => [0, 0, 8, 1, 0, 0, 0, (byte)labels.Length, .. labels];

    // The first pixel has the given value and the last one is larger by 1, so that cuts in the wrong place are seen.
    private static byte[] CifarRecord(byte label, byte value) => [label, .. Enumerable.Repeat(value, CifarPixels - 1), (byte)(value + 1)];

    private string Save(string name, byte[] bytes, bool gzip = false)
    {
        string path = Path.Combine(_folder.FullName, name);
        using Stream file = gzip ? new GZipStream(File.Create(path), CompressionLevel.Optimal) : File.Create(path);
        file.Write(bytes);
        return path;
    }

    private static void AssertRefused(string path, string expected, Action read)
    {
        var error = Assert.Throws<InvalidDataException>(read);
        Assert.Contains($"'{path}'", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }
}
