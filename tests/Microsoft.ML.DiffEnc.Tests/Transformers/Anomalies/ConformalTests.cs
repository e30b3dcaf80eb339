using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Anomalies;

public class ConformalTests
{
    private static AnomalySettings Settings(float[] calibration) => new(
        AnomalyScore.BitsPerDimension, calibration.Length < 19 ? 0 : AnomalyEstimator.Threshold(calibration, 0.05), calibration, null, new([0.5], 1, 1), new AnomalyNorm(), 1);

    [Theory]
    [InlineData(0.5f, 1.0)]
    [InlineData(1, 1.0)]
    [InlineData(1.5f, 4 / 5.0)]
    [InlineData(3, 3 / 5.0)]
    [InlineData(4, 2 / 5.0)]
    [InlineData(9, 1 / 5.0)]
    public void A_p_value_counts_the_normal_images_at_least_as_unusual_and_the_image_itself(float score, double expected)
        => Assert.Equal(expected, Settings([1, 2, 3, 4]).PValue(score), 1e-6);

    [Fact]
    public void Above_the_threshold_are_the_p_values_up_to_the_wanted_rate()
    {
        var random = new Random(5);
        foreach (int count in new[] { 19, 20, 39, 59, 100, 1000 })
        {
            float[] calibration = [.. Enumerable.Range(0, count).Select(_ => (float)random.Next(60)).Order()]; // with ties
            var settings = Settings(calibration);
            for (float score = -1; score < 62; score += 0.5f)
                Assert.Equal(settings.PValue(score) <= 0.05f + 1e-6f, score > settings.Threshold);
        }
    }

    [Fact]
    public void The_realised_rate_is_the_wanted_one_at_a_small_sample_size()
    {
        // With 39 calibration scores and one new one, all exchangeable, ⌊0.05·40⌋/40 = 2/40 are flagged: exactly, on average.
        const int repetitions = 20_000;
        var random = new Random(7);
        int flagged = 0;
        for (int i = 0; i < repetitions; i++)
        {
            var settings = Settings([.. Enumerable.Range(0, 39).Select(_ => random.NextSingle()).Order()]);
            flagged += random.NextSingle() > settings.Threshold ? 1 : 0;
        }
        double error = Math.Sqrt(0.05 * 0.95 / repetitions);
        Assert.InRange(flagged / (double)repetitions, 0.05 - 4 * error, 0.05 + 4 * error);
    }
}
