namespace AnomalyService;

/// <summary>What one client may ask for, and all of them together. Every buffer of the service is bounded by one of these.</summary>
public sealed record ServiceLimits
{
    /// <summary>Bytes of one request's body, compressed as the picture is.</summary>
    public long UploadBytes { get; init; } = 8 << 20;

    /// <summary>How long an upload may take.</summary>
    public TimeSpan UploadTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes a second, after five seconds, below which a client is too slow.</summary>
    public double UploadBytesPerSecond { get; init; } = 2048;

    /// <summary>Pixels of one picture, which a small file can claim millions of.</summary>
    public long PicturePixels { get; init; } = 25_000_000;

    /// <summary>Pictures that are decoded at once; each takes up to 8 bytes a pixel.</summary>
    public int Decoders { get; init; } = 2;

    /// <summary>Pictures that wait to be scored; further ones are sent away.</summary>
    public int Waiting { get; init; } = 64;

    /// <summary>Pixels of all pictures that wait or are being scored, at 4 bytes each, and as many again in
    /// each step of a chain. One picture fits whatever its size.</summary>
    public long WaitingPixels { get; init; } = 30_000_000;

    /// <summary>Pictures that are scored in one pass over the data.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Open connections, idle ones among them.</summary>
    public int Connections { get; init; } = 256;
}
