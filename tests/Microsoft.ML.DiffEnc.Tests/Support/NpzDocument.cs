using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Writes <c>.npz</c> files as NumPy does, and as nobody should.</summary>
internal static class NpzDocument
{
    /// <summary>The bytes of a <c>.npy</c> file.</summary>
    /// <param name="type">NumPy's type descriptor, e.g. <c>|u1</c>.</param>
    /// <param name="shape">The shape, as Python writes it, e.g. <c>(2, 3)</c>.</param>
    /// <param name="elements">The elements.</param>
    /// <param name="version">Of the format, 1 to 3.</param>
    /// <param name="fortranOrder">What the header says.</param>
    public static byte[] Array(string type, string shape, ReadOnlySpan<byte> elements, byte version = 1, string fortranOrder = "False")
        => WithHeader($"{{'descr': '{type}', 'fortran_order': {fortranOrder}, 'shape': {shape}, }}", elements, version);

    /// <summary>An array of bytes, with the sizes of its axes.</summary>
    public static byte[] Bytes(int[] shape, ReadOnlySpan<byte> elements) => Array("|u1", $"({string.Join(", ", shape)},)", elements);

    /// <summary>The bytes of a <c>.npy</c> file with any text for a header.</summary>
    public static byte[] WithHeader(string header, ReadOnlySpan<byte> elements, byte version = 1)
    {
        int start = version == 1 ? 10 : 12, padding = 64 - (start + header.Length + 1) % 64;
        byte[] text = Encoding.UTF8.GetBytes(header + new string(' ', padding) + "\n");
        var prefix = new byte[start];
        prefix[0] = 0x93;
        "NUMPY"u8.CopyTo(prefix.AsSpan(1));
        prefix[6] = version;
        if (version == 1)
            BinaryPrimitives.WriteUInt16LittleEndian(prefix.AsSpan(8), (ushort)text.Length);
        else
            BinaryPrimitives.WriteInt32LittleEndian(prefix.AsSpan(8), text.Length);
        return [.. prefix, .. text, .. elements];
    }

    /// <summary>Writes a zip of the given members; their names get <c>.npy</c> appended.</summary>
    public static void Write(string path, bool deflated, params (string Name, byte[] Content)[] members)
    {
        using ZipArchive zip = new(File.Create(path), ZipArchiveMode.Create);
        foreach ((string name, byte[] content) in members)
        {
            using Stream stream = zip.CreateEntry($"{name}.npy", deflated ? CompressionLevel.Optimal : CompressionLevel.NoCompression).Open();
            stream.Write(content);
        }
    }
}
