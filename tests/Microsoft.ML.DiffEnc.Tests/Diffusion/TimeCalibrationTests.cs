using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class TimeCalibrationTests
{
    private static readonly double[] _mean = [10, 4, 1, 0], _noise = [1, 2, 0.5, 0];
    private readonly NormalNumbers _numbers = new(3);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(256)]
    public void The_density_follows_the_noise_and_the_mth_part_of_the_squared_mean(int timesPerDraw)
    {
        double[] spread = [.. _mean.Zip(_noise, (mu, sigma) => Math.Sqrt(sigma * sigma + 1.25 * mu * mu / timesPerDraw))];
        TimeDensity density = Calibrated(2000, image => 0.5 + image % 2).Density(timesPerDraw, floor: 0.001)!; // E[scale²] = 1.25
        foreach (var (expected, found) in TimeDensity.Proportional(spread, 0.001).Values.Zip(density.Values))
            Assert.Equal(expected, found, 0.05); // the moments of 2000 images have an error of 2 %
    }

    [Fact]
    public void Losses_that_are_not_finite_give_no_density()
        => Assert.Null(Calibrated(3, image => image == 1 ? double.NaN : 1).Density(4, 0.1));

    /// <summary>Losses scale·μ + σ·ε in the bin of their time, times in no order.</summary>
    private TimeCalibration Calibrated(int images, Func<int, double> scale)
    {
        var calibration = new TimeCalibration(_mean.Length);
        for (int i = 0; i < images; i++)
        {
            var draws = new ImageDraws(0, TimeCalibration.Draws(_mean.Length, seed: 0));
            for (int set = 0; set < 2; set++)
            {
                double u = _numbers.NextUniform();
                for (int m = 0; m < 4; m++)
                {
                    double t = (u + m / 4.0) % 1;
                    draws.Times[4 * set + m] = t;
                    draws.Diffusion[4 * set + m] = scale(i) * _mean[(int)(4 * t)] + _noise[(int)(4 * t)] * _numbers.Next();
                }
            }
            calibration.Add(draws);
        }
        return calibration;
    }
}
