using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public class MemoryTests
{
    // One activation kept at each step (16 images × 16 channels × 8 × 8 floats) would be 6.5 MB in 100 steps, 90 MB in all.
    private const double MostGrowthInMegabytes = 2;

    [LinuxFact]
    public void A_long_training_keeps_no_memory()
    {
        var ml = new MLContext(seed: 5);
        var options = TrainingRuns.Options(steps: 2000);
        options.ValidationSet = TrainingRuns.Discs(ml, 4, seed: 3);
        options.ValidateEverySteps = 500; // a look at the validation set is always reported
        var held = new Dictionary<int, (long Tensors, double Megabytes)>();
        options.Progress = new TrainingRuns.Callback(p =>
        {
            if (p.Step % 500 == 0)
                held[p.Step] = NativeMemory.Held();
        });
        using var model = ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(ml, 200));
        Assert.Equal([500, 1000, 1500, 2000], held.Keys.Order());
        Assert.Equal(held[500].Tensors, held[2000].Tensors);
        double growth = Math.Min(held[1500].Megabytes, held[2000].Megabytes) - held[500].Megabytes; // the runtime takes and frees some now and then
        Assert.True(growth < MostGrowthInMegabytes, $"Memory in use grew by {growth:F1} MB from step 500 to step 2000.");
    }
}
