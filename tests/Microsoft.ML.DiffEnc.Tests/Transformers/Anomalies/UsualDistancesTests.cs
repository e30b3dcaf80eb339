using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Anomalies;

public class UsualDistancesTests
{
    private readonly ShrunkGaussian _density;
    private readonly UsualDistances _usual;

    public UsualDistancesTests()
    {
        // Two losses, normally distributed; the more of the first, the farther is what is nearest: e^loss, give or take a tenth.
        var random = new Random(1);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        double[][] losses = [.. Enumerable.Range(0, 400).Select(_ => new[] { Normal(), Normal() })];
        _density = ShrunkGaussian.Fit(losses.SelectMany(l => l).ToArray(), 2);
        _usual = UsualDistances.Fit(losses, _density, [.. losses.Select(l => Math.Exp(l[0] + 0.1 * Normal()))]);
    }

    private double Unusual(double[] losses, double distance) => _usual.Unusual(losses, _density.Distance(losses), distance);

    [Fact]
    public void A_distance_counts_against_that_of_normal_images_with_such_losses()
    {
        // As far as usual, each for its losses, and then a tenth of them, a standard deviation, farther.
        Assert.Equal(Unusual([-1, 0.5], Math.Exp(-1)), Unusual([1, 0.5], Math.Exp(1)), 0.5);
        double plain = Unusual([-1, 0], Math.Exp(-0.6)), detailed = Unusual([1, 0], Math.Exp(0.9));
        Assert.InRange(plain, 3.4, 4.6);
        Assert.True(detailed < 1, $"{detailed}: farther in itself, but nearer than images with such losses are");
    }

    [Fact]
    public void Losses_far_from_normal_ones_are_unusual_whatever_the_features()
    {
        Assert.True(Unusual([0, 8], 0.01) > 6, $"{Unusual([0, 8], 0.01)}");
        Assert.True(Unusual([0, 12], 0.01) > Unusual([0, 8], 0.01));
        Assert.True(double.IsFinite(Unusual([0, 0], 0))); // a picture that is there twice
    }

    [Fact]
    public void It_is_above_both_and_by_less_than_half_a_standard_deviation()
    {
        for (double distance = 0.5; distance < 3; distance += 0.1)
        {
            double features = (Math.Log(distance) - _usual.LogDistance.Predict([0, 2])) / _usual.LogDistance.Deviation;
            double losses = (_density.Distance([0, 2]) - _usual.MeanOfLosses) / _usual.DeviationOfLosses - 4 / 3.0;
            Assert.InRange(Unusual([0, 2], distance), Math.Max(features, losses), Math.Max(features, losses) + Math.Log(2) / 1.5 + 1e-9);
        }
    }

    [Fact]
    public void What_is_no_number_or_of_another_size_does_not_fit()
    {
        Assert.True(_usual.Fits(2));
        Assert.False(_usual.Fits(3));
        Assert.False((_usual with { DeviationOfLosses = 0 }).Fits(2));
        Assert.False((_usual with { MeanOfLosses = double.NaN }).Fits(2));
    }
}
