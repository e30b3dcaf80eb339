using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Ranks;

public class MpiRanksTests
{
    [MpiFact]
    public void Processes_sum_broadcast_and_gather_and_their_shards_make_up_the_whole()
    {
        string output = MpiRun.RunToEnd(3, "group");
        Assert.Equal(3, output.Split("done").Length - 1);
    }

    [MpiFact]
    public void A_rank_that_fails_ends_the_others_with_its_message_once_rank_0_has_saved()
    {
        var (output, exitCode) = MpiRun.Run(3, "throw");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("Rank 0 of 3 gives up. Rank 1 failed: It broke.", output, StringComparison.Ordinal);
        Assert.Contains("[0 of 3] saves", output, StringComparison.Ordinal);
        Assert.DoesNotContain("done", output, StringComparison.Ordinal);
    }

    [MpiFact]
    public void A_rank_that_was_killed_is_named_and_rank_0_saves()
    {
        var (output, exitCode) = MpiRun.Run(3, "die");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("Rank 0 of 3 gives up. This run lost rank 1 (process ", output, StringComparison.Ordinal);
        Assert.Contains("[0 of 3] saves", output, StringComparison.Ordinal);
        Assert.DoesNotContain("done", output, StringComparison.Ordinal);
    }

    [MpiFact]
    public void A_rank_that_does_not_come_is_waited_for_so_long_and_no_longer()
    {
        var (output, exitCode) = MpiRun.Run(2, "stall");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("Rank 0 of 2 gives up. Waited 00:00:03 for the sum of the gradients", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_mpirun_a_group_is_this_process_alone()
    {
        using var group = RankGroup.Mpi();
        Assert.Equal((0, 1, 0), (group.Rank, group.Size, group.LocalRank));
        GroupCheck.Run(group.Ranks);
        ViewCheck.Run(group);
    }

    [Fact]
    public void Patience_must_be_positive() => Assert.Throws<ArgumentOutOfRangeException>(() => RankGroup.Mpi(TimeSpan.Zero));
}
