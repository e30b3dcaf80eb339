using System.Security.Cryptography;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>A stream that is read or written from here on, forward only, and the SHA-256 hash of what went through it. The stream itself stays open.</summary>
internal sealed class HashedStream(Stream stream) : ForwardStream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The hash of everything so far, of what is left to be read too, in hexadecimal digits.</summary>
    public string Finish()
    {
        if (CanRead)
            CopyTo(Null);
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public override bool CanRead => stream.CanRead;

    public override bool CanWrite => stream.CanWrite;

    public override int Read(Span<byte> buffer)
    {
        int count = stream.Read(buffer);
        _hash.AppendData(buffer[..count]);
        return count;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        stream.Write(buffer);
        _hash.AppendData(buffer);
    }

    public override void Flush() => stream.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }
}
