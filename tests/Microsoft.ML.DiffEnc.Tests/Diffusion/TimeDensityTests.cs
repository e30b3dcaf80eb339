using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class TimeDensityTests
{
    private static readonly double[] _values = [0.5, 1.5, 1.75, 0.25];

    [Fact]
    public void Times_are_the_inverse_of_the_distribution_function_and_the_slope_is_one_over_the_density()
    {
        double[] uniform = [0, 1e-9, 0.1, 0.125, 0.3, 0.5, 0.9, 0.9375, 0.99, Math.BitDecrement(1.0)];
        var (times, slope) = TimesOf(new TimeDensity(_values), uniform);
        for (int i = 0; i < uniform.Length; i++)
        {
            Assert.InRange(times[i], 0, 1);
            Assert.Equal(uniform[i], Distribution(times[i]), 1e-14);
            Assert.Equal(1 / _values[Math.Min(3, (int)(4 * times[i] + 1e-12))], slope[i], 1e-14);
        }
    }

    [Fact]
    public void A_loss_proportional_to_the_density_is_estimated_without_variance_at_any_time()
    {
        var density = TimeDensity.Proportional([2, 6, 7, 1], floor: 0.001);
        double[] loss = [.. density.Values.Select(p => 3 * p)];
        var (times, slope) = TimesOf(density, [.. Enumerable.Range(0, 1000).Select(i => (i + 0.3) / 1000)]);
        Assert.All(times.Zip(slope), e => Assert.Equal(3, loss[(int)(4 * e.First)] * e.Second, 1e-12));
    }

    [Fact]
    public void Evenly_spread_numbers_become_times_that_cover_the_density_evenly()
    {
        var (times, _) = TimesOf(new TimeDensity(_values), [.. Enumerable.Range(0, 64).Select(i => (i + 0.7) / 64)]);
        int[] counts = [.. Enumerable.Range(0, 4).Select(bin => times.Count(t => (int)(4 * t) == bin))];
        Assert.Equal(_values.Select(p => (int)(16 * p)), counts);
    }

    [Fact]
    public void The_floor_bounds_the_weights_and_nothing_to_go_by_gives_uniform_times()
    {
        var density = TimeDensity.Proportional([0, 0, 1, 0], floor: 0.1);
        Assert.Equal([0.1, 0.1, 3.7, 0.1], density.Values.Select(v => Math.Round(v, 12)));
        Assert.Equal([1, 1], TimeDensity.Proportional([0, 0], floor: 0.1).Values);
        Assert.Equal([1, 1], TimeDensity.Proportional([1, 3], floor: 1).Values);
    }

    [Fact]
    public void Densities_are_equal_by_their_values()
    {
        Assert.Equal(new TimeDensity([0.5, 1.5]), new TimeDensity([0.5, 1.5]));
        Assert.NotEqual(new TimeDensity([0.5, 1.5]), new TimeDensity([1.5, 0.5]));
    }

    [Theory]
    [InlineData(new[] { 1.0 }, "1 values")]
    [InlineData(new[] { 0.0, 2.0 }, "Value 0")]
    [InlineData(new[] { 1.0, double.NaN }, "Value 1")]
    [InlineData(new[] { 1.0, 1.5 }, "1.25")]
    public void What_is_no_density_is_refused(double[] values, string word)
        => Assert.Contains(word, Assert.Throws<ArgumentException>(() => new TimeDensity(values)).Message, StringComparison.Ordinal);

    /// <summary>∫_0^t p.</summary>
    private static double Distribution(double t) => Enumerable.Range(0, 4).Sum(bin => _values[bin] * Math.Clamp(t - bin / 4.0, 0, 0.25));

    private static (double[] Times, double[] Slope) TimesOf(TimeDensity density, double[] uniform)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var (times, slope) = density.TimesOf(tensor(uniform));
        return (times.data<double>().ToArray(), slope.data<double>().ToArray());
    }
}
