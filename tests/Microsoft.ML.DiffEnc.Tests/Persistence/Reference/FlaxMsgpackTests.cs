using System.Buffers;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Persistence.Reference;

public sealed class FlaxMsgpackTests
{
    private static readonly Dictionary<string, object?> Sample = new()
    {
        ["step"] = new FlaxDocument.Array("int32", [], [7, 0, 0, 0]),
        ["params"] = new Dictionary<string, object?>
        {
            ["down.block_0/x"] = new Dictionary<string, object?> { ["kernel"] = FlaxDocument.Floats([2, 1], 1, -2) },
            ["large"] = FlaxDocument.Chunked([3], FlaxDocument.Floats([2], 3, 4), FlaxDocument.Floats([1], 5)),
        },
        ["opt_state"] = new Dictionary<string, object?> { ["0"] = new Dictionary<string, object?>(), ["1"] = null, ["rate"] = 0.5, ["name"] = "adamw" },
    };

    [SharedDataFact]
    public void Every_kind_of_leaf_that_the_reference_writes_is_read()
    {
        FlaxMap map = FlaxMsgpack.Read(CheckpointBytes.Read(SharedData.Path("fixtures", "ckpt", "encodings.ckpt")));

        Assert.Equal(0L, Assert.IsType<FlaxScalar>(map.Children["step"]).Value);
        RequireArray(map, "float32", [2, 5], ["ema_params", "chunked"]);
        RequireArray(map, "int32", [], ["opt_state", "0", "count"]);
        Assert.Empty(Assert.IsType<FlaxMap>(Find(map, "opt_state", "1", "inner_state")).Children);
        RequireArray(map, "float64", [2], ["leaves", "f64"]);
        RequireArray(map, "uint8", [1, 2], ["leaves", "u8"]);
        RequireArray(map, "float32", [0, 3], ["leaves", "empty"]);
        RequireArray(map, "bool", [2], ["leaves", "bool"]);
        RequireArray(map, "int64", [1], ["leaves", "i64"]);
        Assert.Equal([7, 0, 0, 0], RequireArray(map, "int32", [], ["leaves", "zero_d"]).Data.ToArray());

        FlaxArray kernel = RequireArray(map, "float32", [3, 4], ["params", "score_model", "VDMUNet_0", "down.block_0", "conv1", "kernel"]);
        using var tensor = kernel.ToTensor();
        Assert.Equal(Enumerable.Range(0, 12).Select(i => i / 8f), tensor.data<float>().ToArray());
    }

    [Fact]
    public void A_training_state_is_read_whole()
    {
        FlaxMap map = Read(FlaxDocument.Write(Sample));

        Assert.Equal(
            ["opt_state/1", "opt_state/name", "opt_state/rate", "params/down.block_0/x/kernel", "params/large", "step"],
            map.Leaves().Select(leaf => leaf.Key).Order().Select(path => path.ToString()));
        Assert.Contains(new FlaxPath("params", "down.block_0/x", "kernel"), map.Leaves().Select(leaf => leaf.Key));
        using var large = Assert.IsType<FlaxArray>(Find(map, "params", "large")).ToTensor();
        Assert.Equal([3f, 4f, 5f], large.data<float>().ToArray());
    }

    [Fact]
    public void The_step_is_read_as_a_plain_number_and_as_a_NumPy_scalar()
    {
        Assert.Equal(3L, Assert.IsType<FlaxScalar>(ReadLeaf(3)).Value);
        FlaxArray scalar = Assert.IsType<FlaxArray>(ReadLeaf(new FlaxDocument.Array("float64", [], new byte[8], FlaxDocument.NumPyScalarExtension)));
        Assert.Empty(scalar.Shape);
    }

    [Fact]
    public void Chunks_join_in_the_order_of_their_numbers_not_of_their_text()
    {
        object?[] chunks = [.. Enumerable.Range(0, 12).Select(i => FlaxDocument.Floats([1], i))];
        using var joined = Assert.IsType<FlaxArray>(ReadLeaf(FlaxDocument.Chunked([3, 4], chunks))).ToTensor();
        Assert.Equal([3, 4], joined.shape);
        Assert.Equal(Enumerable.Range(0, 12).Select(i => (float)i), joined.data<float>().ToArray());
    }

    [Fact]
    public void Bytes_need_not_be_contiguous()
    {
        byte[] document = FlaxDocument.Write(Sample);
        IEnumerable<ReadOnlyMemory<byte>> singles = document.Select((_, i) => (ReadOnlyMemory<byte>)document.AsMemory(i, 1));
        FlaxMap map = FlaxMsgpack.Read(ByteSegment.Join(singles));
        using var kernel = Assert.IsType<FlaxArray>(Find(map, "params", "down.block_0/x", "kernel")).ToTensor();
        Assert.Equal([1f, -2f], kernel.data<float>().ToArray());
    }

    [Fact]
    public void A_document_cut_off_anywhere_is_refused()
    {
        byte[] document = FlaxDocument.Write(Sample);
        for (int length = 0; length < document.Length; length++)
            Assert.Throws<InvalidDataException>(() => Read(document[..length]));
    }

    [Fact]
    public void A_damaged_byte_is_refused_or_harmless_but_never_fatal()
    {
        byte[] document = FlaxDocument.Write(Sample);
        for (int i = 0; i < document.Length; i++)
        {
            for (int value = i % 7; value < 256; value += 7)
            {
                byte[] damaged = [.. document];
                damaged[i] = (byte)value;
                Exception? refusal = Record.Exception(() => Read(damaged));
                Assert.True(refusal is null or InvalidDataException, $"Byte {i} as {value:x2}: {refusal}");
            }
        }
    }

    public static TheoryData<string, byte[]> LyingLengths => new()
    {
        { "map of 2^32 - 1", [0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1] },
        { "map of 2^31", [0xdf, 0x80, 0x00, 0x00, 0x00, 0xa1] },
        { "key of 2^32 - 1", [0x81, 0xdb, 0xff, 0xff, 0xff, 0xff, 0x61] },
        { "text of 2^31", [0x81, 0xa1, 0x61, 0xdb, 0x80, 0x00, 0x00, 0x00] },
        { "extension of 2^32 - 1", [0x81, 0xa1, 0x61, 0xc9, 0xff, 0xff, 0xff, 0xff, 0x01, 0x93] },
        { "shape of 2^32 - 1", [0x81, 0xa1, 0x61, 0xc7, 0x06, 0x01, 0x93, 0xdd, 0xff, 0xff, 0xff, 0xff] },
        { "bytes of 2^32 - 1", [0x81, 0xa1, 0x61, 0xc7, 0x0d, 0x01, 0x93, 0x90, 0xa4, 0x62, 0x6f, 0x6f, 0x6c, 0xc6, 0xff, 0xff, 0xff, 0xff, 0x00] },
    };

    [Theory, MemberData(nameof(LyingLengths))]
    public void A_length_beyond_the_file_is_refused_before_memory_is_taken_for_it(string what, byte[] document)
    {
        Assert.ThrowsAny<InvalidDataException>(() => Read(document)); // first, so that what the code itself needs is loaded
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.ThrowsAny<InvalidDataException>(() => Read(document));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20, what);
    }

    [Theory]
    [InlineData(FlaxMsgpack.MaximumDepth)]
    [InlineData(100_000)]
    public void Maps_nested_too_deep_are_refused(int depth)
    {
        byte[] document = [.. Enumerable.Repeat((byte[])[0x81, 0xa1, 0x61], depth).SelectMany(level => level), 0x80];
        InvalidDataException refusal = Assert.Throws<InvalidDataException>(() => Read(document));
        Assert.Contains($"more than {FlaxMsgpack.MaximumDepth} deep", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_after_the_document_are_refused() =>
        Assert.Contains(
            "the file goes on", Assert.Throws<InvalidDataException>(() => Read([.. FlaxDocument.Write(Sample), 0xc0])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x93, 1, 2, 3 })]
    [InlineData(new byte[] { (byte)'P', (byte)'K', 3, 4 })]
    public void A_file_of_another_kind_is_named_so(byte[] document) =>
        Assert.Contains("not a Flax checkpoint", Assert.Throws<InvalidDataException>(() => Read(document)).Message, StringComparison.Ordinal);

    public static TheoryData<string, object?> Refused => new()
    {
        { "bytes of data", new FlaxDocument.Array("float32", [2], new byte[4]) },
        { "bytes of data", new FlaxDocument.Array("float32", [long.MaxValue, long.MaxValue, 4], new byte[4]) },
        { "bytes of data", FlaxDocument.Chunked([3], FlaxDocument.Floats([2], 1, 2)) },
        { "impossible shape [-1]", new FlaxDocument.Array("float32", [-1], []) },
        { "'object' is not supported", new FlaxDocument.Array("object", [1], new byte[8]) },
        { "Extension type 2", new FlaxDocument.Array("float32", [], new byte[4], Extension: 2) },
        { "Extension type 100", new FlaxDocument.Array("float32", [], new byte[4], Extension: 100) },
        { "another number of parts", new FlaxDocument.Raw(0xd5, 0x01, 0x91, 0xc0) },
        { "no chunks", FlaxDocument.Chunked([0]) },
        { "differ in element type", FlaxDocument.Chunked([2], FlaxDocument.Floats([1], 1), new FlaxDocument.Array("int32", [1], new byte[4])) },
        { "'chunks/0'", FlaxDocument.Chunked([1], 5) },
        { "no 'shape'", new Dictionary<string, object?> { ["__msgpack_chunked_array__"] = true } },
        { "occurs twice", new FlaxDocument.Raw(0x82, 0xa1, 0x62, 0xc0, 0xa1, 0x62, 0xc0) },
        { "not text", new FlaxDocument.Raw(0x81, 0x01, 0xc0) },
        { "out of range", new FlaxDocument.Raw(0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) },
        { "Array has no place", new FlaxDocument.Raw(0x91, 0xc0) },
        { "Binary has no place", new FlaxDocument.Raw(0xc4, 0x00) },
    };

    [Theory, MemberData(nameof(Refused))]
    public void What_Flax_does_not_write_is_refused_with_its_place(string reason, object? leaf)
    {
        InvalidDataException refusal = Assert.Throws<InvalidDataException>(() => ReadLeaf(leaf));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("'a.b", refusal.Message, StringComparison.Ordinal);
    }

    private static FlaxMap Read(byte[] document) => FlaxMsgpack.Read(new ReadOnlySequence<byte>(document));

    private static FlaxNode ReadLeaf(object? leaf) => Read(FlaxDocument.Write(new Dictionary<string, object?> { ["a.b"] = leaf })).Children["a.b"];

    private static FlaxNode Find(FlaxMap map, params string[] path)
    {
        FlaxNode node = map;
        foreach (string key in path)
            node = Assert.IsType<FlaxMap>(node).Children[key];
        return node;
    }

    private static FlaxArray RequireArray(FlaxMap map, string dataType, long[] shape, string[] path)
    {
        FlaxArray array = Assert.IsType<FlaxArray>(Find(map, path));
        Assert.Equal(dataType, array.DataType);
        Assert.Equal(shape, array.Shape);
        return array;
    }
}
