using Microsoft.ML.DiffEnc.Interop;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>What a decompressing stream gives, as long as it is sound and not absurdly much. Read-only, forward only.</summary>
/// <param name="unpacking">The decompressing stream, disposed with this one.</param>
/// <param name="name">What is unpacked, for messages.</param>
/// <param name="mostBytes">More than these are refused.</param>
/// <param name="expected">The length and the checksum (CRC-32) that a zip archive gives; a gzip file's are checked where it is unpacked.</param>
internal sealed class UnpackedStream(Stream unpacking, string name, long mostBytes, (long Length, uint Checksum)? expected = null) : ForwardStream
{
    private static readonly uint[] ChecksumTable = [.. Enumerable.Range(0, 256).Select(ChecksumOfByte)];

    // Deflate can expand a thousandfold. Images of real data measured up to 20-fold, a checkpoint with an untouched optimiser state 18-fold.
    private const long MostExpansion = 200;

    // A few images of a single colour are small whatever their factor.
    private const long AlwaysAllowed = 1 << 20;

    private long _read;
    private uint _checksum = ~0u;

    /// <summary>The most bytes that <paramref name="packedLength"/> bytes may unpack to.</summary>
    public static long MostBytesOf(long packedLength) => checked(AlwaysAllowed + packedLength * MostExpansion);

    /// <summary>The refusal of data that expand beyond that.</summary>
    public static InvalidDataException TooLarge(string name)
        => new($"{name} unpacks to more than {MostExpansion} times its size, which neither images nor checkpoints do. " +
            "It is not what it is taken for.");

    public override bool CanRead => true;

    public override bool CanWrite => false;

    /// <exception cref="InvalidDataException">The compressed data are damaged, or there are too many.</exception>
    public override int Read(Span<byte> buffer)
    {
        int count;
        try
        {
            count = unpacking.Read(buffer);
        }
        catch (InvalidDataException e)
        {
            throw Damaged(e);
        }
        _read += count;
        if (_read > mostBytes)
            throw TooLarge(name);
        if (expected is { } sound)
        {
            foreach (byte b in buffer[..count])
                _checksum = ChecksumTable[(byte)(_checksum ^ b)] ^ (_checksum >> 8);
            if (_read == sound.Length && ~_checksum != sound.Checksum)
                throw Damaged();
        }
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            unpacking.Dispose();
        base.Dispose(disposing);
    }

    private InvalidDataException Damaged(Exception? e = null)
        => new($"{name} cannot be unzipped: it is damaged or was cut short; fetch it again.", e);

    private static uint ChecksumOfByte(int value)
    {
        uint sum = (uint)value;
        for (int bit = 0; bit < 8; bit++)
            sum = (sum & 1) == 0 ? sum >> 1 : 0xEDB88320 ^ (sum >> 1);
        return sum;
    }
}
