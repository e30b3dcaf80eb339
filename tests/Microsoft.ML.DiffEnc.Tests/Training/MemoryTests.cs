using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public class MemoryTests
{
    // One activation kept at each step (16 images × 16 channels × 8 × 8 floats) would be 13 MB in 200 steps.
    private const double MostGrowthInMegabytes = 2;

    [LinuxFact]
    public void A_long_training_keeps_no_memory()
    {
        var ml = new MLContext(seed: 5);
        var options = TrainingRuns.Options(steps: 300);
        options.ValidationSet = TrainingRuns.Discs(ml, 4, seed: 3);
        options.ValidateEverySteps = 100; // a look at the validation set is always reported
        var held = new Dictionary<int, (long Tensors, double Megabytes)>();
        options.Progress = new TrainingRuns.Callback(p =>
        {
            if (p.Step % 100 == 0)
                held[p.Step] = NativeMemory.Held();
        });
        using var model = ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(ml, 200));
        Assert.Equal([100, 200, 300], held.Keys.Order());
        Assert.Equal(held[100].Tensors, held[300].Tensors);
        double growth = held[300].Megabytes - held[100].Megabytes;
        Assert.True(growth < MostGrowthInMegabytes, $"Memory in use grew by {growth:F1} MB from step 100 to step 300.");
    }
}
