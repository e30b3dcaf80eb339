using System.IO.Compression;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>
/// Arrays of a NumPy <c>.npz</c> file: a zip of <c>.npy</c> files, stored or deflated. Arrays are read front to back, so that those that are larger
/// than memory can be; no pickle is ever read.
/// </summary>
internal sealed class NpzFile : IDisposable
{
    private const string Extension = ".npy";
    private readonly string _path;
    private readonly ZipArchive _zip;

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no zip file.</exception>
    public NpzFile(string path)
    {
        DataFile.RequireFile(path);
        _path = path;
        try
        {
            _zip = ZipFile.OpenRead(path);
            Names = [.. _zip.Entries.Select(entry => ArrayName(entry.FullName))];
        }
        catch (InvalidDataException e)
        {
            _zip?.Dispose();
            throw new InvalidDataException(
                $"'{path}' is not a NumPy .npz file: {e.Message} (A .npz file is a zip archive; the pickled form of a data set is not read.)", e);
        }
    }

    /// <summary>The names of the arrays.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Opens an array at its first element. Its length has been checked against the header; the stream gives no more than that.</summary>
    /// <exception cref="InvalidDataException">There is no such array, it is of a kind that is not supported, or its length is another.</exception>
    public (NpyHeader Header, Stream Elements) Open(string array)
    {
        ZipArchiveEntry entry = _zip.GetEntry(array + Extension) ?? _zip.GetEntry(array)
            ?? throw new InvalidDataException($"'{_path}' has no array '{array}'; it has {string.Join(", ", Names.Take(10).Select(n => $"'{n}'"))}.");
        string name = $"The array '{array}' of '{_path}'";
        long most = UnpackedStream.MostBytesOf(entry.CompressedLength);
        if (entry.Length > most)
            throw UnpackedStream.TooLarge(name);
        Stream stream = new UnpackedStream(Unpack(entry, name), name, most, (entry.Length, entry.Crc32));
        try
        {
            NpyHeader header = NpyHeader.Read(stream, name);
            if (header.Length + header.DataLength != entry.Length)
                throw new InvalidDataException(
                    $"{name} has {entry.Length:N0} bytes; its header of {header.Length:N0} promises {header.DataLength:N0} more, for the shape " +
                    $"{header.ShapeText} of {header.ElementType}. The file is damaged.");
            return (header, stream);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>A whole array.</summary>
    /// <exception cref="InvalidDataException">As <see cref="Open"/>; or it does not fit into memory, or was cut short.</exception>
    public (NpyHeader Header, byte[] Elements) Read(string array)
    {
        var (header, stream) = Open(array);
        using (stream)
        {
            if (header.DataLength > Array.MaxLength)
                throw new InvalidDataException(
                    $"The array '{array}' of '{_path}' has {header.DataLength:N0} bytes; at most {Array.MaxLength:N0} can be read at once.");
            byte[] elements = new byte[header.DataLength];
            if (DataFile.Fill(stream, elements) < elements.Length)
                throw CutShort(array);
            return (header, elements);
        }
    }

    /// <summary>The refusal of an array that ends before its last element.</summary>
    public InvalidDataException CutShort(string array) => new($"The array '{array}' of '{_path}' was cut short; fetch the file again.");

    public void Dispose() => _zip.Dispose();

    private static string ArrayName(string member)
        => member.EndsWith(Extension, StringComparison.Ordinal) ? member[..^Extension.Length] : member;

    private static Stream Unpack(ZipArchiveEntry entry, string name)
    {
        try
        {
            return entry.Open();
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException)
        {
            throw new InvalidDataException(
                $"{name} cannot be unzipped ({e.Message}): the file is damaged, or packed in a way that NumPy does not use.", e);
        }
    }
}
