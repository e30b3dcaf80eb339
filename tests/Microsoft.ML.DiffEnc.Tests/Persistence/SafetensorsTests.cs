using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Persistence;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Persistence;

public class SafetensorsTests
{
    public SafetensorsTests() => NativeBackend.EnsureLoaded();

    private static byte[] Sample()
    {
        using var scope = NewDisposeScope();
        var stream = new MemoryStream();
        Safetensors.Write(stream, new Dictionary<string, Tensor>
        {
            ["b"] = arange(6, dtype: float32).reshape(2, 3).t(), // not contiguous
            ["a"] = tensor(new[] { 1.5, -2 }),
            ["empty"] = zeros(0, 4),
            ["scalar"] = tensor(7L),
        }, new Dictionary<string, string> { ["note"] = "ε" });
        return stream.ToArray();
    }

    private static byte[] File(string header, int dataBytes = 0, long? length = null)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, length ?? json.Length);
        json.CopyTo(file, 8);
        return file;
    }

    [Fact]
    public void Tensors_and_text_come_back_as_they_were()
    {
        long before = Tensor.TotalCount;
        using (var content = Safetensors.Read(new MemoryStream(Sample())))
        {
            Assert.Equal("ε", content.Metadata["note"]);
            var tensors = content.Tensors;
            Assert.Equal([3L, 2], tensors["b"].shape);
            Assert.Equal([0f, 3, 1, 4, 2, 5], tensors["b"].data<float>());
            Assert.Equal([1.5, -2], tensors["a"].data<double>());
            Assert.Equal([0L, 4], tensors["empty"].shape);
            Assert.Equal(7, tensors["scalar"].item<long>());
        }
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Layout_is_that_of_the_format()
    {
        byte[] file = Sample();
        long header = BinaryPrimitives.ReadInt64LittleEndian(file);
        Assert.Equal(0, header % 8);
        Assert.Equal(8 + header + 2 * 8 + 6 * 4 + 8, file.Length);
        Assert.StartsWith("{\"__metadata__\":", Encoding.UTF8.GetString(file.AsSpan(8, (int)header)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused_and_leaks_nothing()
    {
        byte[] whole = Sample();
        long before = Tensor.TotalCount;
        for (int length = 0; length < whole.Length; length++)
            Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(whole, 0, length)));
        Assert.Equal(before, Tensor.TotalCount);
    }

    public static TheoryData<string, string> Hostile => new()
    {
        { """{"t":{"dtype":"F32","shape":[1000000,1000000,1000000,1000000],"data_offsets":[0,4]}}""", "not {dtype" },
        { """{"t":{"dtype":"F32","shape":[-1,-4],"data_offsets":[0,16]}}""", "no sense" },
        { """{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,4]}}""", "takes 16 bytes" },
        { """{"t":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}}""", "start at byte 16, expected 0" },
        { """{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"u":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}""", "start at byte 8, expected 16" },
        { """{"t":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}}""", "type BOOL" },
        { """{"t":{"shape":[4]}}""", "not {dtype" },
        { """{"t":3}""", "not {dtype" },
        { """[1]""", "not a JSON object" },
        { """{"t":""", "not JSON" },
        { """{"__metadata__":{"n":3}}""", "not text" },
        { """{"__metadata__":3}""", "'__metadata__' is not a JSON object" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void A_header_that_lies_is_refused_saying_how(string header, string says)
    {
        var error = Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(File(header, 64))));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_data_than_the_header_names_is_refused()
        => Assert.Contains("more in it", Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream([.. Sample(), 0]))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    [InlineData(1L << 40)]
    public void A_header_of_impossible_length_is_refused(long length)
        => Assert.Throws<InvalidDataException>(() => Safetensors.Read(new MemoryStream(File("{}", 64, length))));
}
