using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Ranks;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Ranks;

public class ThreadRanksTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Threads_sum_broadcast_and_gather(int size)
    {
        int[] ranks = ThreadRanks.Run(size, Patience, ranks =>
        {
            GroupCheck.Run(ranks);
            return ranks.Rank;
        });
        Assert.Equal(Enumerable.Range(0, size), ranks);
    }

    [Fact]
    public async Task All_ranks_are_in_a_section_at_once_and_others_are_not()
    {
        int inside = 0, most = 0, strangers = 0;
        using var stop = new CancellationTokenSource();
        var stranger = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                using (ComputeSection.Enter())
                    strangers = Math.Max(strangers, Volatile.Read(ref inside));
                Thread.Yield();
            }
        });
        ThreadRanks.Run(3, Patience, ranks =>
        {
            using var tensor = ones(10);
            for (int step = 0; step < 20; step++)
            {
                using var section = ComputeSection.Enter();
                using var nested = ComputeSection.Enter();
                lock (stop)
                    most = Math.Max(most, ++inside);
                Thread.Sleep(step == 0 ? 100 : 1);
                lock (stop)
                    inside--;
                ranks.Sum(tensor);
            }
            return 0;
        });
        await stop.CancelAsync();
        await stranger;
        Assert.Equal(3, most);
        Assert.Equal(0, strangers);
    }

    [Fact]
    public void The_error_of_one_rank_ends_all_and_rank_0_saves()
    {
        bool saved = false;
        var error = Assert.Throws<NotSupportedException>(() => ThreadRanks.Run(3, Patience, ranks =>
        {
            using var tensor = ones(10);
            try
            {
                ranks.Sum(tensor);
                if (ranks.Rank == 2)
                    throw new NotSupportedException("It broke.");
                ranks.Sum(tensor);
                return 0;
            }
            catch (Exception e)
            {
                ranks.Abandon(e, () => saved = true);
                throw;
            }
        }));
        Assert.Equal("It broke.", error.Message);
        Assert.True(saved);
    }

    [Fact]
    public void A_rank_that_does_not_come_is_waited_for_so_long_and_no_longer()
    {
        var error = Assert.Throws<RankFailureException>(() => ThreadRanks.Run(2, TimeSpan.FromMilliseconds(200), ranks =>
        {
            if (ranks.Rank == 1)
                Thread.Sleep(1000);
            return ranks.Any(false);
        }));
        Assert.Contains("did not come within", error.Message, StringComparison.Ordinal);
    }
}
