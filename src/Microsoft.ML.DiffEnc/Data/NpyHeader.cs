using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>
/// What stands before the elements in a NumPy <c>.npy</c> file, versions 1 to 3: their type and shape, as the text of a Python dictionary. It is
/// matched, never evaluated; what would need Python (objects, records) is refused.
/// </summary>
/// <param name="ElementType">NumPy's name of the type without its byte order, e.g. <c>u1</c>, <c>i8</c>, <c>f4</c>.</param>
/// <param name="Shape">Sizes of the axes, in C order; empty for a single value.</param>
/// <param name="Length">Bytes of the header itself.</param>
/// <param name="DataLength">Bytes of the elements after it, little-endian.</param>
internal sealed partial record NpyHeader(string ElementType, IReadOnlyList<long> Shape, long Length, long DataLength)
{
    // NumPy's own limit is 10,000 characters.
    private const int LongestText = 1 << 16;

    private const int MostAxes = 32;

    /// <summary>Bytes of one element.</summary>
    public int ElementSize => SizeOf(ElementType);

    /// <summary>The shape as Python writes it.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";

    /// <param name="stream">At the start of the file; afterwards at the first element.</param>
    /// <param name="name">What is read, for messages.</param>
    /// <exception cref="InvalidDataException">This is no <c>.npy</c> file, or one of a kind that is not supported; the message says
    /// which.</exception>
    public static NpyHeader Read(Stream stream, string name)
    {
        Span<byte> start = stackalloc byte[8];
        Fill(stream, start, name);
        if (start[0] != 0x93 || !start[1..].StartsWith("NUMPY"u8))
            throw new InvalidDataException($"{name} is not a NumPy array: it does not start with \\x93NUMPY.");
        if (start[6] is < 1 or > 3)
            throw new InvalidDataException($"{name} is a NumPy array of format {start[6]}.{start[7]}; expected 1.0 to 3.0.");

        Span<byte> size = stackalloc byte[start[6] == 1 ? 2 : 4];
        Fill(stream, size, name);
        long textLength = size.Length == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(size) : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (textLength > LongestText)
            throw new InvalidDataException($"{name} has a header of {textLength:N0} bytes; expected at most {LongestText:N0}.");
        byte[] text = new byte[textLength];
        Fill(stream, text, name);
        return Parse(Encoding.UTF8.GetString(text).Trim(), start.Length + size.Length + textLength, name);
    }

    private static NpyHeader Parse(string text, long length, string name)
    {
        Match type = TypeEntry().Match(text), order = OrderEntry().Match(text), shape = ShapeEntry().Match(text);
        if (RecordEntry().IsMatch(text))
            throw new InvalidDataException($"{name} is an array of records; expected one of plain numbers.");
        if (!text.StartsWith('{') || !text.EndsWith('}') || !type.Success || !order.Success || !shape.Success)
            throw new InvalidDataException($"{name} has a header that cannot be read: {(text.Length <= 200 ? text : text[..200] + "…")}");
        if (order.Groups[1].Value == "True")
            throw new InvalidDataException($"{name} is stored in Fortran order; expected C order: save numpy.ascontiguousarray(array).");

        string descriptor = type.Groups[1].Value;
        string elementType = descriptor.TrimStart('<', '|', '=');
        if (elementType.StartsWith('O'))
            throw new InvalidDataException(
                $"{name} holds pickled Python objects, which are never read; expected numbers: save array.astype(numpy.uint8), say.");
        if (SizeOf(elementType) == 0)
            throw new InvalidDataException(
                $"{name} has elements of type '{descriptor}'; expected little-endian numbers or truth values (b1, i1…i8, u1…u8, f2…f8).");

        string[] sizes = shape.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (sizes.Length > MostAxes)
            throw new InvalidDataException($"{name} has {sizes.Length} axes; expected at most {MostAxes}.");
        try
        {
            long[] axes = Array.ConvertAll(sizes, s => long.Parse(s.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture));
            long bytes = axes.Aggregate((long)SizeOf(elementType), (product, axis) => checked(product * axis));
            return new NpyHeader(elementType, axes, length, bytes);
        }
        catch (Exception e) when (e is OverflowException or FormatException)
        {
            throw new InvalidDataException($"{name} has the impossible shape ({shape.Groups[1].Value}).", e);
        }
    }

    private static void Fill(Stream stream, Span<byte> bytes, string name)
    {
        if (DataFile.Fill(stream, bytes) < bytes.Length)
            throw new InvalidDataException($"{name} ends inside its header: it is empty or was cut short; fetch it again.");
    }

    private static int SizeOf(string elementType) => elementType switch
    {
        "b1" or "i1" or "u1" => 1,
        "i2" or "u2" or "f2" => 2,
        "i4" or "u4" or "f4" => 4,
        "i8" or "u8" or "f8" => 8,
        _ => 0,
    };

    [GeneratedRegex("""['"]descr['"]\s*:\s*['"]([^'"]*)['"]""")]
    private static partial Regex TypeEntry();

    [GeneratedRegex("""['"]descr['"]\s*:\s*[\[(]""")]
    private static partial Regex RecordEntry();

    [GeneratedRegex("""['"]fortran_order['"]\s*:\s*(True|False)""")]
    private static partial Regex OrderEntry();

    // Python 2 wrote long integers as 10L.
    [GeneratedRegex("""['"]shape['"]\s*:\s*\(([\dL, ]*)\)""")]
    private static partial Regex ShapeEntry();
}
