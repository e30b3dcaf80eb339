using System.Globalization;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public class MemoryTests
{
    // One activation kept at each step (16 images × 16 channels × 8 × 8 floats) would be 13 MB in 200 steps.
    private const double MostGrowthInMegabytes = 6;

    [LinuxFact]
    public void A_long_training_keeps_no_memory()
    {
        var ml = new MLContext(seed: 5);
        var options = TrainingRuns.Options(steps: 300);
        options.ValidationSet = TrainingRuns.Discs(ml, 4, seed: 3);
        options.ValidateEverySteps = 100; // a look at the validation set is always reported
        var megabytes = new Dictionary<int, double>();
        options.Progress = new TrainingRuns.Callback(p =>
        {
            if (p.Step % 100 == 0)
                megabytes[p.Step] = ResidentMegabytes();
        });
        using var model = ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(ml, 200));
        Assert.Equal([100, 200, 300], megabytes.Keys.Order());
        double growth = megabytes[300] - megabytes[100];
        Assert.True(growth < MostGrowthInMegabytes, $"Memory grew by {growth:F1} MB from step 100 to step 300.");
    }

    /// <summary>VmRSS, once what is unreachable is gone.</summary>
    private static double ResidentMegabytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        string line = File.ReadLines("/proc/self/status").Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
