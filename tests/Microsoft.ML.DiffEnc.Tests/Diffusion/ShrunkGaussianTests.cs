using Microsoft.ML.DiffEnc.Diffusion;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class ShrunkGaussianTests
{
    private static double[] Correlated(int count, ulong seed)
    {
        // x2 = 0.9 x1 + …: covariance ((4, 1.8), (1.8, 1.81)) about (1, −2).
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        var e = randn([count, 2], dtype: float64, generator: generator);
        var first = 1 + 2 * e.select(1, 0);
        return stack([first, -2 + 0.45 * (first - 1) * 2 + e.select(1, 1)], 1).contiguous().data<double>().ToArray();
    }

    [Fact]
    public void With_many_points_it_is_the_density_that_they_were_drawn_from()
    {
        var fitted = ShrunkGaussian.Fit(Correlated(100_000, 4), 2);
        foreach (double[] point in new double[][] { [1, -2], [4, 0], [-3, 1] })
        {
            double a = (point[0] - 1) / 2, b = point[1] + 2 - 0.9 * (point[0] - 1);
            double expected = 0.5 * (a * a + b * b) + Math.Log(2 * Math.PI) + Math.Log(2);
            Assert.Equal(expected, fitted.NegativeLogDensity(point), 0.03 * Math.Abs(expected));
        }
    }

    [Fact]
    public void With_few_points_it_predicts_new_ones_better_than_the_sample_covariance()
    {
        // 12 points of 8 independent coordinates: the sample's own covariance is nearly singular.
        double ofShrunk = 0, ofSample = 0;
        for (ulong seed = 0; seed < 20; seed++)
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator(seed);
            var x = randn([12, 8], dtype: float64, generator: generator);
            var fitted = ShrunkGaussian.Fit(x.data<double>().ToArray(), 8);
            var mean = x.mean([0L]);
            var covariance = (x - mean).t().mm(x - mean) / 12;
            var other = randn(8, dtype: float64, generator: generator);
            ofShrunk += fitted.NegativeLogDensity(other.data<double>().ToArray());
            var difference = (other - mean).unsqueeze(1);
            ofSample += (0.5 * (difference.t().mm(linalg.inv(covariance)).mm(difference).sum() + linalg.det(covariance).log())).item<double>() + 4 * Math.Log(2 * Math.PI);
        }
        Assert.True(ofShrunk < ofSample - 20, $"{ofShrunk} against {ofSample} nats for 20 points");
        double truth = 20 * 4 * (Math.Log(2 * Math.PI) + 1); // of the density itself
        Assert.InRange(ofShrunk, truth - 40, truth + 60);
    }

    [Fact]
    public void A_coordinate_that_never_changes_makes_any_change_unusual_and_nothing_infinite()
    {
        double[] points = [1, 5, 2, 5, 3, 5, 4, 5];
        var fitted = ShrunkGaussian.Fit(points, 2);
        double usual = fitted.NegativeLogDensity([2.5, 5]), unusual = fitted.NegativeLogDensity([2.5, 5.1]);
        Assert.True(double.IsFinite(usual) && double.IsFinite(unusual));
        Assert.True(unusual > usual + 1000);
    }
}
