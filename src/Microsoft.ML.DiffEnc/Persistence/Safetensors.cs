using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.DiffEnc.Interop;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Persistence;

/// <summary>
/// The safetensors format: eight bytes of header length, a JSON header that says where each tensor lies, then the tensors. Reading
/// executes nothing and believes no length: memory is touched as the data come.
/// </summary>
internal static class Safetensors
{
    private const int LongestHeader = 16 << 20;
    private const string MetadataKey = "__metadata__";

    // Data start on a multiple of this, as other readers like for memory mapping.
    private const int Alignment = 8;

    private static readonly (string Name, ScalarType Type, int Size)[] Types =
        [("F32", float32, 4), ("F64", float64, 8), ("I64", int64, 8), ("U8", uint8, 1)];

    /// <summary>Writes tensors, in the order of their names, and text that belongs to them.</summary>
    public static void Write(Stream stream, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var names = tensors.Keys.Order(StringComparer.Ordinal).ToArray();
        var header = new JsonObject();
        if (metadata is not null)
            header[MetadataKey] = new JsonObject(metadata.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value)));
        long offset = 0;
        foreach (string name in names)
        {
            var t = tensors[name];
            var (type, _, size) = Types.First(k => k.Type == t.dtype);
            long end = offset + t.numel() * size;
            header[name] = new JsonObject
            {
                ["dtype"] = type,
                ["shape"] = new JsonArray([.. t.shape.Select(n => (JsonNode)n)]),
                ["data_offsets"] = new JsonArray(offset, end),
            };
            offset = end;
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        int padded = (json.Length + Alignment - 1) / Alignment * Alignment;
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, padded);
        stream.Write(length);
        stream.Write(json);
        for (int i = json.Length; i < padded; i++)
            stream.WriteByte((byte)' ');
        foreach (string name in names)
        {
            using var scope = NewDisposeScope();
            stream.Write(tensors[name].detach().cpu().contiguous().bytes);
        }
    }

    /// <summary>Reads all tensors, on the CPU. The caller disposes of the result.</summary>
    /// <param name="stream">The file.</param>
    /// <param name="places">
    /// Of the metadata: tensors of some of the names. What is of the same type and shape is read straight into their memory, so that there is one copy
    /// of it. Whatever is wrong with the file, they may be half overwritten then.
    /// </param>
    /// <exception cref="InvalidDataException">The file is damaged, or of another format.</exception>
    public static SafetensorsContent Read(
        Stream stream, Func<IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, Tensor>>? places = null)
    {
        NativeBackend.EnsureLoaded();
        using var header = ReadHeader(stream);
        var metadata = Metadata(header);
        var entries = header.RootElement.EnumerateObject().Where(property => property.Name != MetadataKey).Select(Entry.Parse).ToArray();
        if (entries.Select(entry => entry.Name).Distinct(StringComparer.Ordinal).Count() != entries.Length)
            throw Damaged("a name is there twice");

        var into = places?.Invoke(metadata);
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var content = new SafetensorsContent(tensors, metadata);
        try
        {
            long offset = 0;
            foreach (var entry in entries.OrderBy(e => e.Start))
            {
                if (entry.Start != offset)
                    throw Damaged($"the data of '{entry.Name}' start at byte {entry.Start}, expected {offset}");
                offset = entry.End;
                tensors.Add(entry.Name, ReadTensor(stream, entry, into?.GetValueOrDefault(entry.Name)));
            }
            if (stream.ReadByte() >= 0)
                throw Damaged("there is more in it than its header says");
            return content;
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    /// <summary>Reads the text that belongs to the tensors, and nothing else.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or of another format.</exception>
    public static Dictionary<string, string> ReadMetadata(Stream stream)
    {
        using var header = ReadHeader(stream);
        return Metadata(header);
    }

    private static Dictionary<string, string> Metadata(JsonDocument header)
    {
        if (!header.RootElement.TryGetProperty(MetadataKey, out var metadata))
            return [];
        if (metadata.ValueKind != JsonValueKind.Object)
            throw Damaged($"its '{MetadataKey}' is not a JSON object");
        return metadata.EnumerateObject().ToDictionary(
            item => item.Name,
            item => item.Value.ValueKind == JsonValueKind.String ? item.Value.GetString()! : throw Damaged($"the metadata '{item.Name}' is not text"),
            StringComparer.Ordinal);
    }

    private static JsonDocument ReadHeader(Stream stream)
    {
        Span<byte> prefix = stackalloc byte[8];
        Fill(stream, prefix, "the length of its header");
        long length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length is < 2 or > LongestHeader)
            throw Damaged($"its header would be {length} bytes long");
        var json = new byte[length];
        Fill(stream, json, "its header");
        try
        {
            var header = JsonDocument.Parse(json);
            return header.RootElement.ValueKind == JsonValueKind.Object ? header : throw Damaged("its header is not a JSON object");
        }
        catch (JsonException e)
        {
            throw Damaged("its header is not JSON", e);
        }
    }

    private static Tensor ReadTensor(Stream stream, Entry entry, Tensor? place)
    {
        bool fits = place is not null && place.dtype == entry.Type && place.shape.SequenceEqual(entry.Shape)
            && place.device.type == DeviceType.CPU && place.is_contiguous();
        var result = (fits ? place!.detach() : empty(entry.Shape, dtype: entry.Type)).DetachFromDisposeScope();
        try
        {
            Fill(stream, result.bytes, $"'{entry.Name}'");
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    private static void Fill(Stream stream, Span<byte> bytes, string what)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw Damaged($"it ends within {what}");
    }

    private static InvalidDataException Damaged(string why, Exception? inner = null) => new($"Not a whole safetensors file: {why}. Copy or save it again.", inner);

    private sealed record Entry(string Name, ScalarType Type, long[] Shape, long Start, long End)
    {
        public static Entry Parse(JsonProperty property)
        {
            try
            {
                string? typeName = property.Value.GetProperty("dtype").GetString();
                var (known, type, size) = Types.FirstOrDefault(t => t.Name == typeName);
                if (known is null)
                    throw Damaged($"'{property.Name}' has the type {typeName}, expected one of {string.Join(", ", Types.Select(t => t.Name))}");
                long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(n => n.GetInt64())];
                long[] offsets = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(n => n.GetInt64())];
                if (shape.Any(n => n < 0) || offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0])
                    throw Damaged($"the place of '{property.Name}' makes no sense");
                long bytes = checked(shape.Aggregate(1L, (a, n) => checked(a * n)) * size);
                if (bytes != offsets[1] - offsets[0] || bytes > Array.MaxLength)
                    throw Damaged($"'{property.Name}' of shape [{string.Join(", ", shape)}] takes {bytes} bytes, its place has {offsets[1] - offsets[0]}");
                return new(property.Name, type, shape, offsets[0], offsets[1]);
            }
            catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
            {
                throw Damaged($"the entry of '{property.Name}' is not {{dtype, shape, data_offsets}}", e);
            }
        }
    }
}
