using Microsoft.ML.DiffEnc.Evaluation;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Evaluation;

public class EnergyDistanceTests
{
    [Fact]
    public void It_is_the_mean_distance_across_less_those_within()
    {
        // X = {0, 3}, Y = {1, 5, 6}: across (1 + 5 + 6 + 2 + 2 + 3)/6, within 3 and (4 + 5 + 1)/3.
        using var scope = NewDisposeScope();
        var (distance, _) = EnergyDistance.Between(tensor(new[] { 0.0, 3 }).unsqueeze(1), tensor(new[] { 1.0, 5, 6 }).unsqueeze(1));
        Assert.Equal(2 * 19.0 / 6 - 3 - 10.0 / 3, distance, 1e-12);
    }

    [Fact]
    public void Normals_are_as_far_apart_as_the_closed_form_says_and_the_error_is_honest()
    {
        // X − Y ~ N(m, 2), whose mean size is √(4/π) e^{−m²/4} + m erf(m/2).
        const double shift = 0.8;
        const int repetitions = 300, size = 60;
        double MeanSize(double m) => Math.Sqrt(4 / Math.PI) * Math.Exp(-m * m / 4) + m * special.erf(tensor(m / 2)).item<double>();
        double expected = 2 * MeanSize(shift) - 2 * MeanSize(0);
        using var generator = new Generator(3);
        var found = new double[repetitions];
        double meanVariance = 0;
        for (int i = 0; i < repetitions; i++)
        {
            using var scope = NewDisposeScope();
            var first = randn([size, 1], dtype: float64, generator: generator);
            var (distance, error) = EnergyDistance.Between(first, shift + randn([size, 1], dtype: float64, generator: generator));
            found[i] = distance;
            meanVariance += error * error / repetitions;
        }
        double mean = found.Average(), variance = found.Sum(f => (f - mean) * (f - mean)) / (repetitions - 1);
        Assert.InRange(mean, expected - 4 * Math.Sqrt(variance / repetitions), expected + 4 * Math.Sqrt(variance / repetitions));
        // A sample variance of 300 has a relative error of √(2/299) = 8 %.
        Assert.InRange(meanVariance / variance, 0.75, 1.35);
    }
}
