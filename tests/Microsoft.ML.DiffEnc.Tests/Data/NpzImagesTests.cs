using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

public sealed class NpzImagesTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-npz-");

    public void Dispose() => _folder.Delete(recursive: true);

    // Image i has the channels 10 i + 1, 10 i + 2, … and ends in a pixel of its own, so that cuts in the wrong place are seen.
    private static byte[] Planes(int image, int channels, int pixels)
    {
        byte[] planes = [.. Enumerable.Range(0, channels).SelectMany(c => Enumerable.Repeat((byte)(10 * image + c + 1), pixels))];
        planes[^1] = (byte)(200 + image);
        return planes;
    }

    private static byte[] Interleave(byte[] planes, int channels)
    {
        int pixels = planes.Length / channels;
        return [.. Enumerable.Range(0, pixels).SelectMany(p => Enumerable.Range(0, channels).Select(c => planes[c * pixels + p]))];
    }

    private string Save(string name, params (string, byte[])[] members)
    {
        string path = Path.Combine(_folder.FullName, name);
        NpzDocument.Write(path, deflated: true, members);
        return path;
    }

    private static (string, byte[]) Data(int count, int first = 0) => ("data",
        NpzDocument.Bytes([count, 12], [.. Enumerable.Range(first, count).SelectMany(i => Planes(i, 3, 4))]));

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    [InlineData(true, 3)]
    public void Flat_images_and_their_labels_are_read_stored_or_deflated_in_every_version(bool deflated, byte version)
    {
        string path = Path.Combine(_folder.FullName, "a.npz");
        byte[] pixels = [.. Enumerable.Range(0, 3).SelectMany(i => Planes(i, 3, 32 * 32))];
        NpzDocument.Write(path, deflated,
            ("mean", NpzDocument.Array("<f4", "()", new byte[4])), // the down-sampled ImageNet has it; left alone
            ("data", NpzDocument.Array("|u1", "(3, 3072)", pixels, version)),
            ("labels", NpzDocument.Array("<i8", "(3,)", MemoryMarshal.AsBytes<long>([1000, 0, 7]), version)));
        IDataView data = _ml.Data.LoadFromNpz(path);

        var type = Assert.IsType<VectorDataViewType>(data.Schema["Image"].Type);
        Assert.Equal([3, 32, 32], type.Dimensions.ToArray());
        Assert.Equal(NumberDataViewType.Byte, type.ItemType);
        Assert.Equal([1000u, 0u, 7u], data.GetColumn<uint>("Label"));
        Assert.Equal(pixels, data.GetColumn<byte[]>("Image").SelectMany(p => p));
        Assert.Equal(3, data.GetColumn<byte[]>("Image").Count()); // a second time
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    public void All_orders_of_axes_give_the_same_images(int channels)
    {
        byte[][] images = [.. Enumerable.Range(0, 2).Select(i => Planes(i, channels, 4 * 4))];
        byte[] planes = [.. images.SelectMany(p => p)];
        string flat = Save("flat.npz", ("data", NpzDocument.Bytes([2, channels * 16], planes)));
        string first = Save("first.npz", ("data", NpzDocument.Bytes([2, channels, 4, 4], planes)));
        string last = Save("last.npz", ("data", NpzDocument.Bytes([2, 4, 4, channels], [.. images.SelectMany(p => Interleave(p, channels))])));
        foreach (string path in new[] { flat, first, last })
        {
            IDataView data = _ml.Data.LoadFromNpz(path);
            Assert.Equal([channels, 4, 4], ((VectorDataViewType)data.Schema["Image"].Type).Dimensions.ToArray());
            Assert.Null(data.Schema.GetColumnOrNull("Label"));
            Assert.Equal(images, data.GetColumn<byte[]>("Image"));
        }
        Assert.Equal(6, _ml.Data.LoadFromNpz(flat, first, last).GetColumn<byte[]>("Image").Count());
    }

    [Fact]
    public void Images_that_are_not_square_keep_their_sides()
    {
        IDataView data = _ml.Data.LoadFromNpz(Save("a.npz", ("data", NpzDocument.Bytes([1, 2, 5, 3], new byte[30]))));
        Assert.Equal([3, 2, 5], ((VectorDataViewType)data.Schema["Image"].Type).Dimensions.ToArray());
    }

    [Fact]
    public void Rows_are_read_as_they_are_asked_for()
    {
        string path = Save("a.npz", Data(2));
        IDataView data = _ml.Data.LoadFromNpz(path);
        File.Delete(path);
        Assert.Throws<FileNotFoundException>(() => ReadAll(data));
        Save("a.npz", Data(3));
        AssertRefused(path, "changed", () => ReadAll(data));
    }

    [Theory]
    [InlineData("|O", "(2, 12)", "pickled Python objects")]
    [InlineData("<f4", "(2, 12)", "f4 [2, 12]; expected pixels as unsigned bytes")]
    [InlineData(">i4", "(2, 12)", "'>i4'")]
    [InlineData("<U7", "(2, 12)", "'<U7'")]
    [InlineData("|u1", "(2, 13)", "[2, 13]; expected [N, 3·side·side]")]
    [InlineData("|u1", "(2, 2, 2, 2)", "[2, 2, 2, 2]; expected")]
    [InlineData("|u1", "(2, 3, 2, 3)", "read in two ways")]
    [InlineData("|u1", "(24,)", "[24]; expected")]
    [InlineData("|u1", "()", "[]; expected")]
    [InlineData("|u1", "(0, 99999999999, 99999999999)", "promises 0 more")]
    [InlineData("|u1", "(99999999999, 99999999999)", "impossible shape")]
    [InlineData("|u1", "(-2, 12)", "cannot be read")]
    public void What_is_no_array_of_pixels_is_refused(string type, string shape, string expected)
    {
        long size = type == "|u1" && shape.Length < 15 ? shape.Trim('(', ')').Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Aggregate(1L, (product, axis) => product * Math.Abs(long.Parse(axis, System.Globalization.CultureInfo.InvariantCulture))) : 96;
        string path = Save("a.npz", ("data", NpzDocument.Array(type, shape, new byte[size])));
        AssertRefused(path, expected, () => _ml.Data.LoadFromNpz(path));
    }

    [Fact]
    public void Fortran_order_records_and_headers_that_are_none_are_refused()
    {
        void Refused(byte[] array, string expected)
        {
            string path = Save("a.npz", ("data", array));
            AssertRefused(path, expected, () => _ml.Data.LoadFromNpz(path));
        }
        Refused(NpzDocument.Array("|u1", "(2, 12)", new byte[24], fortranOrder: "True"), "Fortran order");
        Refused(NpzDocument.WithHeader("{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (2, 12), }", new byte[24]), "records");
        Refused(NpzDocument.WithHeader("__import__('os').system('true')", new byte[24]), "cannot be read");
        Refused(NpzDocument.WithHeader("{'descr': '|u1'}", new byte[24]), "cannot be read");
        Refused(Encoding.ASCII.GetBytes("not an array at all"), "does not start with");
        Refused([], "ends inside its header");
        byte[] versionNine = NpzDocument.Bytes([2, 12], new byte[24]);
        versionNine[6] = 9;
        Refused(versionNine, "format 9.0");
        byte[] longHeader = NpzDocument.Array("|u1", "(2, 12)", new byte[24], version: 2);
        longHeader.AsSpan(8, 4).Fill(0xFF);
        Refused(longHeader, "header of 4,294,967,295 bytes");
        byte[] whole = NpzDocument.Bytes([2, 12], new byte[24]);
        Refused(whole[..^1], "promises 24 more");
        Refused([.. whole, 0], "promises 24 more");
    }

    [Fact]
    public void Files_that_are_no_zip_or_have_no_data_are_refused()
    {
        string path = Path.Combine(_folder.FullName, "a.npz");
        File.WriteAllBytes(path, [0x80, 0x04, 0x95]); // a pickle
        AssertRefused(path, "pickled form", () => _ml.Data.LoadFromNpz(path));
        Save("a.npz", ("x", NpzDocument.Bytes([2, 12], new byte[24])));
        AssertRefused(path, "no array 'data'; it has 'x'", () => _ml.Data.LoadFromNpz(path));
        Assert.Contains("'none.npz'", Assert.Throws<FileNotFoundException>(() => _ml.Data.LoadFromNpz("none.npz")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _ml.Data.LoadFromNpz());
    }

    [Fact]
    public void A_zip_cut_short_or_damaged_is_refused_by_name()
    {
        var random = new Random(1);
        byte[] pixels = [.. Enumerable.Range(0, 2 * 3072).Select(_ => (byte)random.Next(23))]; // packed to about half
        string path = Save("a.npz", ("data", NpzDocument.Bytes([2, 3072], pixels)));
        byte[] whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..^200]);
        AssertRefused(path, "not a NumPy .npz file", () => _ml.Data.LoadFromNpz(path));

        whole.AsSpan(whole.Length / 2, 200).Fill(0xFF); // within the pixels
        File.WriteAllBytes(path, whole);
        AssertRefused(path, "fetch it again", () => ReadAll(_ml.Data.LoadFromNpz(path)));

        string stored = Path.Combine(_folder.FullName, "stored.npz");
        NpzDocument.Write(stored, deflated: false, ("data", NpzDocument.Bytes([2, 3072], pixels)));
        whole = File.ReadAllBytes(stored);
        whole[4000] ^= 1; // only the checksum knows
        File.WriteAllBytes(stored, whole);
        AssertRefused(stored, "fetch it again", () => ReadAll(_ml.Data.LoadFromNpz(stored)));
    }

    [Fact]
    public void Data_that_unpack_without_end_are_refused()
    {
        string path = Save("a.npz", ("data", NpzDocument.Bytes([4000, 3072], new byte[4000 * 3072])));
        AssertRefused(path, "more than 200 times its size", () => _ml.Data.LoadFromNpz(path));
    }

    [Fact]
    public void A_zip_that_lies_about_a_length_is_refused()
    {
        string path = Save("a.npz", Data(2));
        byte[] whole = File.ReadAllBytes(path);
        // The uncompressed size stands 24 bytes into the entry of the central directory, PK\1\2.
        int entry = whole.AsSpan().IndexOf("PK\u0001\u0002"u8);
        BitConverter.TryWriteBytes(whole.AsSpan(entry + 24), BitConverter.ToInt32(whole, entry + 24) + 12);
        File.WriteAllBytes(path, whole);
        AssertRefused(path, "promises 24 more", () => _ml.Data.LoadFromNpz(path));
    }

    [Theory]
    [InlineData("<i4", "(2,)", new byte[] { 1, 0, 0, 0, 255, 255, 255, 255 }, "label 1 is -1")]
    [InlineData("<f4", "(2,)", new byte[] { 0, 0, 0, 0, 0, 0, 0, 0 }, "expected whole numbers")]
    [InlineData("|u1", "(3,)", new byte[] { 1, 2, 3 }, "one for each of the 2 images")]
    [InlineData("|u1", "(1, 2, 2)", new byte[] { 1, 2, 3, 4 }, "one for each of the 2 images")]
    public void Labels_that_do_not_fit_are_refused(string type, string shape, byte[] labels, string expected)
    {
        string path = Save("a.npz", Data(2), ("labels", NpzDocument.Array(type, shape, labels)));
        AssertRefused(path, expected, () => _ml.Data.LoadFromNpz(path));
    }

    [Fact]
    public void Files_that_do_not_go_together_are_refused()
    {
        string small = Save("small.npz", Data(2)), large = Save("large.npz", ("data", NpzDocument.Bytes([1, 3072], new byte[3072])));
        string labelled = Save("labelled.npz", Data(1), ("labels", NpzDocument.Bytes([1], [5])));
        AssertRefused(large, "32×32×3", () => _ml.Data.LoadFromNpz(small, large));
        AssertRefused(small, "no array 'labels'", () => _ml.Data.LoadFromNpz(labelled, small));
    }

    private static byte[][] ReadAll(IDataView data) => [.. data.GetColumn<byte[]>("Image")];

    private static void AssertRefused(string path, string expected, Action read)
    {
        var error = Assert.Throws<InvalidDataException>(read);
        Assert.Contains($"'{path}'", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }
}
