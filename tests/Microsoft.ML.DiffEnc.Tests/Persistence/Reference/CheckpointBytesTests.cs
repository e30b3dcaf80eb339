using System.Buffers;
using System.IO.Compression;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Persistence.Reference;

public sealed class CheckpointBytesTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void A_file_is_read_as_it_is()
    {
        byte[] content = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * 7))];
        File.WriteAllBytes(_path, content);
        Assert.Equal(content, CheckpointBytes.Read(_path).ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData((1 << 24) + 5)]
    public void A_packed_file_is_unpacked_whatever_its_size(int size)
    {
        byte[] content = new byte[size];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(_path, Pack(content));
        Assert.Equal(content, CheckpointBytes.Read(_path).ToArray());
    }

    [Fact]
    public void A_file_that_unpacks_without_end_is_refused()
    {
        File.WriteAllBytes(_path, Pack(new byte[1 << 24]));
        InvalidDataException refusal = Assert.Throws<InvalidDataException>(() => CheckpointBytes.Read(_path));
        Assert.Contains(_path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("times its size", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_packed_file_is_refused_by_name()
    {
        byte[] packed = Pack([.. Enumerable.Range(0, 5000).Select(i => (byte)(i * i / 7 % 23))]);
        packed.AsSpan(packed.Length / 2, 20).Fill(0xff);
        File.WriteAllBytes(_path, packed);
        Assert.Contains(_path, Assert.Throws<InvalidDataException>(() => CheckpointBytes.Read(_path)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_path);

    private static byte[] Pack(byte[] content)
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(content);
        return packed.ToArray();
    }
}
