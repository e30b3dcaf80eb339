using System.IO.Compression;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Opens data files, gzipped or plain, and turns what goes wrong into messages that name the file.</summary>
internal static class DataFile
{
    private const int BufferSize = 1 << 16;

    /// <summary>Reads <paramref name="path"/> with <paramref name="read"/>, unpacking it when its first two bytes are gzip's.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">Its compressed data are damaged or expand beyond what data do, or <paramref name="read"/> refuses
    /// it.</exception>
    public static T Read<T>(string path, Func<Stream, T> read)
    {
        RequireFile(path);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize, FileOptions.SequentialScan);
        bool zipped = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
        file.Position = 0;
        if (!zipped)
            return read(file);
        using var content = new BufferedStream(new UnpackedStream(
            new GZipStream(file, CompressionMode.Decompress), $"'{path}'", UnpackedStream.MostBytesOf(file.Length)), BufferSize);
        return read(content);
    }

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static void RequireFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no file '{path}' (looked for it at '{Path.GetFullPath(path)}').", path);
    }

    /// <summary>Reads until <paramref name="buffer"/> is full or the stream ends; the number of bytes read.</summary>
    public static int Fill(Stream stream, Span<byte> buffer) => stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
}
