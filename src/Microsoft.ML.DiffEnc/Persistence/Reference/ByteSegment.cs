using System.Buffers;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>One link of a byte sequence that need not be contiguous: files past 2 GB, arrays stored in chunks.</summary>
internal sealed class ByteSegment : ReadOnlySequenceSegment<byte>
{
    private ByteSegment(ReadOnlyMemory<byte> memory) => Memory = memory;

    /// <summary>The parts one after the other, without copying them.</summary>
    public static ReadOnlySequence<byte> Join(IEnumerable<ReadOnlyMemory<byte>> parts)
    {
        ByteSegment? first = null, last = null;
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            ByteSegment next = new(part);
            if (last is null)
            {
                first = next;
            }
            else
            {
                next.RunningIndex = last.RunningIndex + last.Memory.Length;
                last.Next = next;
            }
            last = next;
        }
        return first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }
}
