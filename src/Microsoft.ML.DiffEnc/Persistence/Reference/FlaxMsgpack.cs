using System.Buffers;
using System.Globalization;
using MessagePack;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>
/// Reads the MessagePack documents in which Flax 0.6 saves a training state: maps with text keys whose leaves are arrays
/// (extension 1, large ones split into chunks), NumPy scalars (extension 3) and plain values.
/// </summary>
/// <remarks>
/// Nothing in a document chooses a type or runs code. Every length is checked against the bytes that are there before anything is allocated for it,
/// and depth and number of entries are limited, so that memory stays in proportion to the file.
/// </remarks>
internal sealed class FlaxMsgpack
{
    /// <summary>Deepest nesting accepted; optimiser states reach about 15.</summary>
    public const int MaximumDepth = 32;

    /// <summary>Most map entries accepted; the largest published model has about 10,000.</summary>
    public const int MaximumEntries = 1_000_000;

    private const sbyte ArrayExtension = 1, NumPyScalarExtension = 3;
    private const string ChunkedMarker = "__msgpack_chunked_array__";

    private readonly List<string> _path = [];
    private int _entries;

    private FlaxMsgpack() { }

    /// <summary>Reads the one map that the document consists of.</summary>
    /// <exception cref="InvalidDataException">The document is damaged, truncated or not a Flax state; the message names the place.</exception>
    public static FlaxMap Read(ReadOnlySequence<byte> document) => new FlaxMsgpack().ReadDocument(document);

    private FlaxMap ReadDocument(ReadOnlySequence<byte> document)
    {
        MessagePackReader reader = new(document);
        try
        {
            if (document.IsEmpty || reader.NextMessagePackType != MessagePackType.Map)
                throw new InvalidDataException("This is not a Flax checkpoint: it does not start with a MessagePack map.");
            if (ReadMap(ref reader) is not FlaxMap map)
                throw Refused("The document is a single array, not a training state");
            if (!reader.End)
                throw new InvalidDataException($"The document ends at byte {reader.Consumed}, but the file goes on to byte {document.Length}.");
            return map;
        }
        catch (EndOfStreamException truncated)
        {
            throw new InvalidDataException(
                $"The document breaks off at {Place}: the file is truncated, or a length in it is damaged. Fetch the file again.", truncated);
        }
        // MessagePack reports lengths past 2^31 and numbers past 2^63 by the latter two.
        catch (Exception damaged) when (damaged is MessagePackSerializationException or ArgumentOutOfRangeException or OverflowException)
        {
            throw new InvalidDataException($"The document is damaged at {Place} (byte {reader.Consumed}): {damaged.Message}", damaged);
        }
    }

    private FlaxNode ReadNode(ref MessagePackReader reader)
    {
        switch (reader.NextMessagePackType)
        {
            case MessagePackType.Map:
                return ReadMap(ref reader);
            case MessagePackType.Extension:
                return ReadExtension(ref reader);
            case MessagePackType.Integer when reader.NextCode == MessagePackCode.UInt64:
                ulong large = reader.ReadUInt64();
                return large <= long.MaxValue ? new FlaxScalar((long)large) : throw Refused($"The number {large} is out of range");
            case MessagePackType.Integer:
                return new FlaxScalar(reader.ReadInt64());
            case MessagePackType.Float:
                return new FlaxScalar(reader.ReadDouble());
            case MessagePackType.Boolean:
                return new FlaxScalar(reader.ReadBoolean());
            case MessagePackType.String:
                return new FlaxScalar(reader.ReadString());
            case MessagePackType.Nil:
                reader.ReadNil();
                return new FlaxScalar(null);
            default:
                throw Refused($"A value of MessagePack type {reader.NextMessagePackType} has no place in a Flax state");
        }
    }

    /// <summary>A map, or the array that a map of chunks stands for.</summary>
    private FlaxNode ReadMap(ref MessagePackReader reader)
    {
        if (_path.Count >= MaximumDepth)
            throw Refused($"Maps are nested more than {MaximumDepth} deep");
        int count = reader.ReadMapHeader();
        _entries += count;
        if (count < 0 || _entries > MaximumEntries)
            throw Refused($"The document has more than {MaximumEntries} entries");

        Dictionary<string, FlaxNode> children = new(StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            if (reader.NextMessagePackType != MessagePackType.String)
                throw Refused($"A key is not text but {reader.NextMessagePackType}");
            string key = reader.ReadString()!;
            _path.Add(key);
            if (!children.TryAdd(key, ReadNode(ref reader)))
                throw Refused("The key occurs twice");
            _path.RemoveAt(_path.Count - 1);
        }
        return children.ContainsKey(ChunkedMarker) ? JoinChunks(children) : new FlaxMap(children);
    }

    private FlaxArray ReadExtension(ref MessagePackReader reader)
    {
        ExtensionHeader header = reader.ReadExtensionFormatHeader();
        if (header.TypeCode is not (ArrayExtension or NumPyScalarExtension))
            throw Refused($"Extension type {header.TypeCode} is not supported; arrays are type {ArrayExtension}, NumPy scalars {NumPyScalarExtension}");
        if (header.Length > reader.Sequence.Length - reader.Consumed)
            throw new EndOfStreamException();

        MessagePackReader payload = new(reader.ReadRaw(header.Length));
        if (payload.ReadArrayHeader() != 3)
            throw Refused("An array is stored as [shape, element type, bytes], but this one has another number of parts");
        long[] shape = new long[payload.ReadArrayHeader()];
        for (int i = 0; i < shape.Length; i++)
            shape[i] = payload.ReadInt64();
        string dataType = payload.ReadString() ?? throw Refused("An array has no element type");
        ReadOnlySequence<byte> data = payload.ReadBytes() ?? throw Refused("An array has no bytes");
        if (!payload.End)
            throw Refused("An array is followed by bytes that belong to nothing");

        int elementSize = FlaxArray.ElementSize(dataType) ?? throw Refused($"Element type '{dataType}' is not supported");
        RequireSize(shape, elementSize, data.Length);
        return new FlaxArray(dataType, shape, data);
    }

    /// <summary>
    /// Undoes Flax's splitting of arrays past 2^30 bytes: {marker, shape: {"0": …}, chunks: {"0": …}}, whose numbered keys are stored in the
    /// order of text.
    /// </summary>
    private FlaxArray JoinChunks(Dictionary<string, FlaxNode> parts)
    {
        FlaxScalar[] sizes = ReadTuple<FlaxScalar>(parts, "shape");
        FlaxArray[] chunks = ReadTuple<FlaxArray>(parts, "chunks");
        if (chunks.Length == 0)
            throw Refused("A chunked array has no chunks");
        long[] shape = Array.ConvertAll(
            sizes, size => size.Value is long value ? value : throw Refused("A chunked array has a size that is not a number"));
        string dataType = chunks[0].DataType;
        if (Array.Exists(chunks, chunk => chunk.DataType != dataType))
            throw Refused("The chunks of an array differ in element type");

        RequireSize(shape, FlaxArray.ElementSize(dataType)!.Value, chunks.Sum(chunk => chunk.Data.Length));
        return new FlaxArray(dataType, shape, ByteSegment.Join(chunks.SelectMany(chunk => Parts(chunk.Data))));
    }

    private T[] ReadTuple<T>(Dictionary<string, FlaxNode> parts, string name) where T : FlaxNode
    {
        if (parts.GetValueOrDefault(name) is not FlaxMap map)
            throw Refused($"A chunked array has no '{name}'");
        T[] items = new T[map.Children.Count];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = map.Children.GetValueOrDefault(i.ToString(CultureInfo.InvariantCulture)) as T
                ?? throw Refused($"A chunked array has no fitting '{name}/{i}'");
        }
        return items;
    }

    private void RequireSize(long[] shape, int elementSize, long found)
    {
        Int128 expected = elementSize;
        foreach (long size in shape)
        {
            if (size < 0)
                throw Refused($"An array has the impossible shape {FlaxArray.Format(shape)}");
            // Past any file's size the product can only be wrong or become zero, so it need not grow further.
            expected = Int128.Min(expected * size, long.MaxValue);
        }
        if (expected != found)
            throw Refused($"An array of shape {FlaxArray.Format(shape)} with {elementSize} bytes an element has {found} bytes of data");
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Parts(ReadOnlySequence<byte> sequence)
    {
        foreach (ReadOnlyMemory<byte> part in sequence)
            yield return part;
    }

    private string Place => _path.Count == 0 ? "its top level" : $"'{string.Join('/', _path)}'";

    private InvalidDataException Refused(string reason) => new($"{reason} (at {Place}).");
}
