using System.Runtime;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Tests.Support;
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

    [Fact]
    public void What_fails_as_a_collection_comes_in_between_is_computed_again_and_what_fails_otherwise_is_not()
    {
        int tried = 0;
        int Fails(int times, bool collects)
        {
            if (++tried > times)
                return tried;
            if (collects)
                GC.Collect();
            throw new LibTorchException("Unknown scalar type.");
        }
        using var section = ComputeSection.Enter();
        Assert.Equal(4, ComputeSection.Repeatedly(() => Fails(3, collects: true)));
        tried = 0;
        Assert.Throws<LibTorchException>(() => ComputeSection.Repeatedly(() => Fails(3, collects: false)));
        Assert.Equal(1, tried);
        tried = 0;
        Assert.Throws<LibTorchException>(() => ComputeSection.Repeatedly(() => Fails(100, collects: true)));
        Assert.Equal(8, tried);
    }

    [Fact]
    public void What_sections_leave_behind_is_collected_after_them()
    {
        const int megabyte = 1 << 20;
        long before = GC.GetTotalMemory(forceFullCollection: true), most = 0;
        for (int i = 0; i < 100; i++)
        {
            using (ComputeSection.Enter())
                Allocate(3);
            most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false));
        }
        Assert.InRange(most, 0, before + 60 * megabyte); // 300 were allocated
    }

    [Fact]
    public void Who_waits_for_the_end_of_a_section_goes_on_after_it_or_when_told_to()
    {
        ComputeSection.WaitForEnd(unless: () => false); // there is none
        using var waiting = new ManualResetEventSlim();
        bool asked = false, giveUp = false;
        Thread Waiter(Func<bool> unless)
        {
            var thread = new Thread(() => ComputeSection.WaitForEnd(() =>
            {
                waiting.Set();
                asked = true;
                return unless();
            }));
            thread.Start();
            return thread;
        }
        Thread patient, impatient;
        using (ComputeSection.Enter())
        {
            patient = Waiter(() => false);
            impatient = Waiter(() => giveUp);
            waiting.Wait();
            Assert.False(patient.Join(100));
            giveUp = true;
            Assert.True(impatient.Join(TimeSpan.FromSeconds(30)));
            Assert.True(patient.IsAlive);
        }
        Assert.True(patient.Join(TimeSpan.FromSeconds(30)));
        Assert.True(asked);
    }
}
