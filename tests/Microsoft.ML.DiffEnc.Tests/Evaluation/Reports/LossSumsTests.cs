using Microsoft.ML.DiffEnc.Evaluation.Reports;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Evaluation.Reports;

/// <summary>
/// Errors against the spread of the mean over 4000 repetitions. That spread, as a variance, has an error of √(2/4000) = 2.2 %, and the errors'
/// mean square one of about 1 %: a ratio between 0.88 and 1.12 is 5 standard deviations either way.
/// </summary>
public class LossSumsTests
{
    private const int Repetitions = 4000, Images = 8, Sets = 3;
    private readonly NormalNumbers _numbers = new(1);

    [Fact]
    public void Over_images_and_draws_the_standard_error_is_the_spread_of_the_mean()
    {
        var runs = Repeat(_ => 5 + 2 * _numbers.Next());
        Assert.InRange(runs.Average(r => Square(r.StandardError)) / Spread(runs), 0.88, 1.12);
        // The part of the images: τ²/n, whatever the draws are.
        Assert.InRange(runs.Average(r => Square(r.ImageStandardError)) / (4.0 / Images), 0.88, 1.12);
    }

    [Fact]
    public void Over_draws_of_the_same_images_it_is_the_draw_standard_error()
    {
        var runs = Repeat(image => 7 * image);
        Assert.InRange(runs.Average(r => Square(r.DrawStandardError)) / Spread(runs), 0.88, 1.12);
        Assert.True(runs.Average(r => Square(r.StandardError)) > 50 * Spread(runs)); // the error that answers the other question
    }

    [Fact]
    public void The_two_parts_make_up_the_whole()
    {
        foreach (var run in Repeat(_ => _numbers.Next()).Take(100).Where(r => r.ImageStandardError > 0))
            Assert.Equal(Square(run.StandardError), Square(run.ImageStandardError) + Square(run.DrawStandardError), 1e-12);
    }

    [Fact]
    public void What_cannot_be_known_is_NaN_and_a_loss_without_draws_has_no_error_over_them()
    {
        var one = new LossSums();
        one.Add([1, 2]);
        LossEstimate estimate = one.Estimate(unit: 0.5);
        Assert.Equal(new LossEstimate(3, double.NaN, double.NaN, 1), estimate);

        var singleDraws = new LossSums();
        singleDraws.Add([1.0]);
        singleDraws.Add([3.0]);
        Assert.Equal(new LossEstimate(2, 1, double.NaN, double.NaN), singleDraws.Estimate(1));

        var latent = new LossSums();
        latent.Add(1);
        latent.Add(3);
        Assert.Equal(new LossEstimate(2, 1, 1, 0), latent.Estimate(1));
    }

    /// <summary>Images of a given mean, each with noise of its own size in its draws.</summary>
    private LossEstimate[] Repeat(Func<int, double> image)
    {
        var runs = new LossEstimate[Repetitions];
        for (int r = 0; r < Repetitions; r++)
        {
            var sums = new LossSums();
            for (int i = 0; i < Images; i++)
            {
                double mean = image(i);
                sums.Add([.. Enumerable.Range(0, Sets).Select(_ => mean + 0.2 * (1 + i) * _numbers.Next())]);
            }
            runs[r] = sums.Estimate(unit: 1);
        }
        return runs;
    }

    private static double Spread(LossEstimate[] runs)
    {
        double mean = runs.Average(r => r.Mean);
        return runs.Sum(r => Square(r.Mean - mean)) / (runs.Length - 1);
    }

    private static double Square(double x) => x * x;
}
