using System.Runtime;
using Microsoft.ML.DiffEnc.Interop;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Interop;

public class ComputeSectionTests
{
    private static int Collections => GC.CollectionCount(0);

    /// <summary>A few megabytes of short-lived objects: outside of a section, collections come of it.</summary>
    private static void Allocate(int megabytes)
    {
        for (int i = 0; i < megabytes * 1024; i++)
            GC.KeepAlive(new byte[1024 - 24]);
    }

    [Fact]
    public void No_collection_comes_within_a_section_and_they_come_again_after_it()
    {
        using (ComputeSection.Enter())
        {
            int before = Collections;
            using (ComputeSection.Enter())
                Allocate(20);
            Allocate(20);
            Assert.Equal(before, Collections);
        }
        Assert.NotEqual(GCLatencyMode.NoGCRegion, GCSettings.LatencyMode);
        int after = Collections;
        Allocate(2000);
        Assert.True(Collections > after);
    }

    [Fact]
    public void A_section_survives_a_collection_that_was_asked_for()
    {
        using (ComputeSection.Enter())
            GC.Collect();
        using (ComputeSection.Enter())
            Allocate(1);
        Assert.NotEqual(GCLatencyMode.NoGCRegion, GCSettings.LatencyMode);
    }

    [Fact]
    public void Sections_of_several_threads_follow_one_another()
    {
        int inside = 0, most = 0;
        Parallel.For(0, 8, _ =>
        {
            using var section = ComputeSection.Enter();
            most = Math.Max(most, Interlocked.Increment(ref inside));
            Thread.Sleep(5);
            Interlocked.Decrement(ref inside);
        });
        Assert.Equal(1, most);
    }
}
