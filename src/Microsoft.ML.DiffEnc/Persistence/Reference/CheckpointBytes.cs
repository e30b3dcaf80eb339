using System.Buffers;
using Microsoft.ML.DiffEnc.Data;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>Reads a checkpoint file into memory, in pieces: it may be larger than one array.</summary>
internal static class CheckpointBytes
{
    private const int SegmentSize = 1 << 24;

    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">The file is a damaged gzip file, or one that expands beyond what any checkpoint does.</exception>
    public static ReadOnlySequence<byte> Read(string path) => DataFile.Read(path, stream =>
    {
        List<ReadOnlyMemory<byte>> segments = [];
        int count;
        do
        {
            byte[] segment = new byte[SegmentSize];
            count = DataFile.Fill(stream, segment);
            segments.Add(segment.AsMemory(0, count));
        }
        while (count == SegmentSize);
        return ByteSegment.Join(segments);
    });
}
