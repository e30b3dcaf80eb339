using Microsoft.ML.DiffEnc.Evaluation;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Evaluation;

public class RankMetricsTests
{
    [Fact]
    public void A_small_example_by_hand()
    {
        // In order: a 5 | n 4, a 4 | n 3 | a 2 | n 1. Pairs won: 3 + 2.5 + 1 of 9. Precisions where anomalies are: 1/1, 2/3, 3/5.
        var (area, precision, falseRate) = RankMetrics.Of([4, 3, 1], [5, 4, 2]);
        Assert.Equal(6.5 / 9, area, 1e-12);
        Assert.Equal((1 + 2 / 3.0 + 3 / 5.0) / 3, precision, 1e-12);
        Assert.Equal(2 / 3.0, falseRate, 1e-12); // all three anomalies are needed for 95 %
    }

    [Fact]
    public void Perfect_and_hopeless_and_blind_scores()
    {
        Assert.Equal((1, 1, 0), RankMetrics.Of([1, 2], [3, 4, 5]));
        var (area, precision, falseRate) = RankMetrics.Of([3, 4], [1, 2]);
        Assert.Equal((0, (1 / 3.0 + 2 / 4.0) / 2, 1), (area, precision, falseRate));
        Assert.Equal((0.5, 0.25, 1), RankMetrics.Of([7, 7, 7], [7]));
    }

    [Fact]
    public void The_area_is_the_share_of_pairs_in_order()
    {
        var random = new Random(3);
        float[] normal = [.. Enumerable.Range(0, 200).Select(_ => (float)random.Next(40))];
        float[] anomalous = [.. Enumerable.Range(0, 50).Select(_ => 8 + (float)random.Next(40))];
        double pairs = (from n in normal from a in anomalous select a > n ? 1.0 : a == n ? 0.5 : 0).Average();
        Assert.Equal(pairs, RankMetrics.Of(normal, anomalous).AreaUnderRocCurve, 1e-12);
    }
}
