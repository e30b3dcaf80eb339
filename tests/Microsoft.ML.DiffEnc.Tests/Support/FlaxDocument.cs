using System.Buffers;
using System.Runtime.InteropServices;
using MessagePack;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Writes documents as Flax does, and as nobody should.</summary>
/// <remarks>A tree is made of dictionaries (maps), <see cref="Array"/> and <see cref="Raw"/> values, plain values and <see langword="null"/>.</remarks>
internal static class FlaxDocument
{
    public const sbyte ArrayExtension = 1, NumPyScalarExtension = 3;

    /// <summary>An array of any claimed type and shape over any bytes.</summary>
    public sealed record Array(string DataType, long[] Shape, byte[] Data, sbyte Extension = ArrayExtension);

    /// <summary>Bytes written as they are, where a value is expected.</summary>
    public sealed record Raw(params byte[] Bytes);

    public static Array Floats(long[] shape, params float[] values) => new("float32", shape, MemoryMarshal.AsBytes<float>(values).ToArray());

    /// <summary>What Flax makes of an array that is too large for one piece.</summary>
    public static Dictionary<string, object?> Chunked(long[] shape, params object?[] chunks) => new()
    {
        ["__msgpack_chunked_array__"] = true,
        ["shape"] = Tuple(shape.Cast<object?>()),
        ["chunks"] = Tuple(chunks),
    };

    public static byte[] Write(object? tree)
    {
        ArrayBufferWriter<byte> buffer = new();
        MessagePackWriter writer = new(buffer);
        WriteNode(ref writer, tree);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    // JAX sorts keys as text, so a tenth chunk stands before a second one.
    private static Dictionary<string, object?> Tuple(IEnumerable<object?> items) =>
        items.Select((item, i) => (Key: $"{i}", item)).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary(pair => pair.Key, pair => pair.item);

    private static void WriteNode(ref MessagePackWriter writer, object? node)
    {
        switch (node)
        {
            case null: writer.WriteNil(); break;
            case bool value: writer.Write(value); break;
            case int value: writer.Write(value); break;
            case long value: writer.Write(value); break;
            case double value: writer.Write(value); break;
            case string value: writer.Write(value); break;
            case Raw raw: writer.WriteRaw(raw.Bytes); break;
            case Array array: WriteArray(ref writer, array); break;
            case IReadOnlyDictionary<string, object?> map:
                writer.WriteMapHeader(map.Count);
                foreach ((string key, object? child) in map)
                {
                    writer.Write(key);
                    WriteNode(ref writer, child);
                }
                break;
            default: throw new ArgumentException($"No document holds {node.GetType()}.", nameof(node));
        }
    }

    private static void WriteArray(ref MessagePackWriter writer, Array array)
    {
        ArrayBufferWriter<byte> buffer = new();
        MessagePackWriter payload = new(buffer);
        payload.WriteArrayHeader(3);
        payload.WriteArrayHeader(array.Shape.Length);
        foreach (long size in array.Shape)
            payload.Write(size);
        payload.Write(array.DataType);
        payload.Write(array.Data);
        payload.Flush();
        writer.WriteExtensionFormat(new ExtensionResult(array.Extension, new ReadOnlySequence<byte>(buffer.WrittenMemory)));
    }
}
