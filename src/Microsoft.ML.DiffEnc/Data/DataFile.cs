using System.IO.Compression;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Opens data files, gzipped or plain, and turns what goes wrong into messages that name the file.</summary>
internal static class DataFile
{
    /// <summary>Reads <paramref name="path"/> with <paramref name="read"/>, unpacking it when its first two bytes are gzip's.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">Its compressed data are damaged, or <paramref name="read"/> refuses it.</exception>
    public static T Read<T>(string path, Func<Stream, T> read)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no file '{path}' (looked for it at '{Path.GetFullPath(path)}').", path);

        using FileStream file = File.OpenRead(path);
        bool zipped = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
        file.Position = 0;
        using Stream content = zipped ? Unzip(file, path) : new BufferedStream(file);
        return read(content);
    }

    /// <summary>Reads until <paramref name="buffer"/> is full or the stream ends; the number of bytes read.</summary>
    public static int Fill(Stream stream, Span<byte> buffer) => stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);

    private static MemoryStream Unzip(Stream file, string path)
    {
        var content = new MemoryStream();
        try
        {
            using var unzipping = new GZipStream(file, CompressionMode.Decompress);
            unzipping.CopyTo(content);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}' cannot be unzipped: it is damaged or was cut short; fetch it again.", e);
        }
        content.Position = 0;
        return content;
    }
}
