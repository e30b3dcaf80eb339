using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Ranks;

/// <summary>One alone.</summary>
internal sealed class SingleRank : IRankGroup
{
    public static readonly SingleRank Instance = new();

    private SingleRank()
    {
    }

    public int Rank => 0;

    public int Size => 1;

    public void Sum(Tensor tensor)
    {
    }

    public void Broadcast(Tensor tensor)
    {
    }

    public bool Any(bool yes) => yes;

    public byte[][] Gather(byte[] mine) => [mine];

    public IDisposable Guard(Action save) => Unguarded.Instance;

    public void Abandon(Exception error, Action? save)
    {
    }
}
