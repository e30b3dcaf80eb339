using Microsoft.ML.DiffEnc.Benchmarks.Results;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Bench;

public sealed class SpreadTests
{
    [Fact]
    public void Quartiles_lie_between_the_values_in_proportion()
        => Assert.Equal(new Spread(3, 2, 4), Spread.Of([5, 1, 4, 2, 3]));

    [Fact]
    public void Median_of_an_even_number_is_half_way()
        => Assert.Equal(new Spread(2.5, 1.75, 3.25), Spread.Of([1, 2, 3, 4]));

    [Fact]
    public void Drift_that_both_series_share_widens_neither_ratio_nor_quartiles()
    {
        double[] speed = [1, 2, 4, 8, 16];
        Assert.Equal(new Spread(0.5, 0.5, 0.5), Spread.OfRatio([.. speed.Select(s => s * 3)], [.. speed.Select(s => s * 6)]));
    }

    [Fact]
    public void Ratio_is_that_of_the_medians_and_its_quartiles_are_those_of_the_pairs()
        => Assert.Equal(new Spread(1, 0.75, 1.5), Spread.OfRatio([1, 2, 4], [2, 2, 2]));
}
