using System.Text;
using Microsoft.ML.DiffEnc.Ranks;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Ranks;

/// <summary>What every group of ranks must do, whatever it is made of. Each rank calls it.</summary>
internal static class GroupCheck
{
    public static void Run(IRankGroup ranks)
    {
        using var scope = NewDisposeScope();
        Sums(ranks, 5_000_003); // more than one piece, and no multiple of anything
        Sums(ranks, 2);
        Broadcasts(ranks);
        Gathers(ranks);
        Assert.False(ranks.Any(false));
        Assert.True(ranks.Any(ranks.Rank == ranks.Size - 1));
        Assert.False(ranks.Any(false));
    }

    /// <summary>Σ (r + 1) x over ranks r is n (n + 1)/2 x, exactly, in small integers.</summary>
    private static void Sums(IRankGroup ranks, long length)
    {
        var x = arange(length, dtype: float32).remainder(1000);
        var tensor = x * (ranks.Rank + 1);
        ranks.Sum(tensor);
        Assert.True(Same(tensor, x * (ranks.Size * (ranks.Size + 1) / 2)));
        ranks.Sum(tensor); // of what was just summed
        Assert.True(Same(tensor, x * (ranks.Size * ranks.Size * (ranks.Size + 1) / 2)));
    }

    private static void Broadcasts(IRankGroup ranks)
    {
        var expected = arange(12, dtype: float64).view(3, 4);
        var tensor = ranks.Rank == 0 ? expected.clone() : zeros(3, 4, dtype: float64);
        ranks.Broadcast(tensor);
        Assert.True(Same(tensor, expected));
        var number = full([], ranks.Rank + 7f);
        ranks.Broadcast(number);
        Assert.Equal(7, number.item<float>());
    }

    private static bool Same(Tensor a, Tensor b) => (a == b).all().item<bool>();

    private static void Gathers(IRankGroup ranks)
    {
        byte[][] all = ranks.Gather(Encoding.UTF8.GetBytes(new string('x', 3 * ranks.Rank)));
        Assert.Equal(Enumerable.Range(0, ranks.Size).Select(rank => 3 * rank), all.Select(message => message.Length));
    }
}
