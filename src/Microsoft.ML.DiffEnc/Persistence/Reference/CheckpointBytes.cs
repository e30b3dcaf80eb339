using System.Buffers;
using System.IO.Compression;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>Reads a checkpoint file into memory, unpacking it where it is a gzip file.</summary>
internal static class CheckpointBytes
{
    private const int SegmentSize = 1 << 24;

    // Deflate can expand a thousandfold; a checkpoint with an untouched optimiser state measured 18-fold.
    private const long MaximumExpansion = 200;

    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">The file is a damaged gzip file, or one that expands beyond what any checkpoint does.</exception>
    public static ReadOnlySequence<byte> Read(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        bool isGzip = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
        file.Position = 0;
        if (!isGzip)
            return ReadToEnd(file, file.Length)!.Value;

        ReadOnlySequence<byte>? content;
        try
        {
            using GZipStream unpacked = new(file, CompressionMode.Decompress);
            content = ReadToEnd(unpacked, file.Length * MaximumExpansion);
        }
        catch (InvalidDataException damaged)
        {
            throw new InvalidDataException($"'{path}' starts as a gzip file but cannot be unpacked: {damaged.Message} Fetch the file again.", damaged);
        }
        return content ?? throw new InvalidDataException($"'{path}' unpacks to more than {MaximumExpansion} times its size, which no checkpoint does.");
    }

    /// <summary>Everything in the stream, or <see langword="null"/> if that is more than <paramref name="limit"/> bytes.</summary>
    private static ReadOnlySequence<byte>? ReadToEnd(Stream stream, long limit)
    {
        List<ReadOnlyMemory<byte>> segments = [];
        long room = limit + 1;
        while (room > 0)
        {
            byte[] segment = new byte[Math.Min(room, SegmentSize)];
            int count = stream.ReadAtLeast(segment, segment.Length, throwOnEndOfStream: false);
            segments.Add(segment.AsMemory(0, count));
            room -= count;
            if (count < segment.Length)
                return ByteSegment.Join(segments);
        }
        return null;
    }
}
