using Microsoft.ML.DiffEnc.Diffusion;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class RidgeRegressionTests
{
    private const int Dimensions = 5;

    // y = 2 + x₀ − 0.5 x₁ + noise of standard deviation 0.4; the other coordinates tell nothing.
    private static (double[] Points, double[] Values) Sample(int count, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        var x = 3 + 0.5 * randn([count, Dimensions], dtype: float64, generator: generator);
        var y = 2 + x.select(1, 0) - 0.5 * x.select(1, 1) + 0.4 * randn(count, dtype: float64, generator: generator);
        return (x.data<double>().ToArray(), y.data<double>().ToArray());
    }

    [Fact]
    public void With_many_points_it_predicts_what_the_values_were_made_of()
    {
        var (points, values) = Sample(20_000, 1);
        var fitted = RidgeRegression.Fit(points, values);
        foreach (double[] point in new double[][] { [3, 3, 3, 3, 3], [4, 3, 2, 3, 3], [3, 4, 3, 4, 2] })
            Assert.Equal(2 + point[0] - 0.5 * point[1], fitted.Predict(point), 0.03);
        Assert.Equal(0.4, fitted.Deviation, 0.01);
    }

    [Fact]
    public void Its_deviation_is_the_error_of_new_predictions_also_where_points_are_few()
    {
        double predicted = 0, found = 0;
        for (ulong seed = 0; seed < 100; seed++)
        {
            var (points, values) = Sample(12, 2 * seed);
            var (others, expected) = Sample(500, 2 * seed + 1);
            var fitted = RidgeRegression.Fit(points, values);
            predicted += fitted.Deviation * fitted.Deviation / 100;
            found += expected.Select((y, i) => Math.Pow(y - fitted.Predict(others.AsSpan(i * Dimensions, Dimensions)), 2)).Average() / 100;
        }
        // The penalty is chosen by the same errors, which makes them look smaller by some tenths with a dozen points.
        Assert.InRange(predicted / found, 0.6, 1.1);
        Assert.InRange(found, 0.16, 0.45); // the variance of the values is 0.47
    }

    [Fact]
    public void Errors_of_points_left_out_are_those_of_fits_without_them()
    {
        // One coordinate, and values so near to a line that the least penalty is chosen: 0.01 for each point. Refitted without each point.
        double[] x = [-2, -1, 0, 1, 2, 0.5], y = [-4.1, -1.9, 0.2, 1.9, 4.1, 0.8];
        double mean = x.Average(), scale = Math.Sqrt(x.Average(v => Math.Pow(v - mean, 2))), sum = 0;
        for (int left = 0; left < x.Length; left++)
        {
            int[] others = [.. Enumerable.Range(0, x.Length).Where(i => i != left)];
            double mx = others.Average(i => x[i] / scale), my = others.Average(i => y[i]);
            double slope = others.Sum(i => (x[i] / scale - mx) * (y[i] - my)) / (others.Sum(i => Math.Pow(x[i] / scale - mx, 2)) + 0.01 * x.Length);
            sum += Math.Pow(y[left] - my - slope * (x[left] / scale - mx), 2);
        }
        Assert.Equal(Math.Sqrt(sum / x.Length), RidgeRegression.Fit(x, y).Deviation, 1e-9);
    }

    [Fact]
    public void A_coordinate_that_never_changes_and_fewer_points_than_coordinates_leave_numbers()
    {
        var fitted = RidgeRegression.Fit([1, 5, 7, 2, 5, 6, 3, 5, 8], [1, 2, 3.1]);
        Assert.True(fitted.Fits(3));
        Assert.False(fitted.Fits(2));
        Assert.False((fitted with { Slopes = [0, double.NaN, 0] }).Fits(3));
        Assert.InRange(fitted.Predict([2, 5, 7]), 1.5, 2.5);
    }
}
