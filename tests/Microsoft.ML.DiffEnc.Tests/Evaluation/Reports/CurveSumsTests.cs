using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Evaluation.Reports;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Evaluation.Reports;

/// <summary>Losses ℓ_i(t) = c_i g(t): the curve is known.</summary>
public class CurveSumsTests
{
    private static readonly double[] _gammas = [-6, -1, 1, 2, 5], _values = [4, 1, 2, 3]; // g in four strata
    private readonly NormalNumbers _numbers = new(2);

    [Fact]
    public void Where_every_set_covers_every_stratum_the_curve_is_exact_and_integrates_to_the_diffusion_loss()
    {
        double[] scales = [1, 2, 6];
        var sums = new CurveSums(4);
        var images = scales.Select(c => Image(new(2, 8, 0), c)).ToArray();
        Array.ForEach(images, sums.Add);
        LossStratum[] curve = sums.Estimate(_gammas, unit: 2);
        double error = Math.Sqrt((4 + 1 + 9) / 2.0 / 3); // of the mean of the scales, 3
        for (int s = 0; s < 4; s++)
        {
            Assert.Equal((s / 4.0, (s + 1) / 4.0, _gammas[s], _gammas[s + 1], 12), (
                curve[s].Start, curve[s].End, curve[s].GammaStart, curve[s].GammaEnd, curve[s].Evaluations));
            Assert.Equal(3 * _values[s] / 2, curve[s].LossPerTime, 1e-12);
            Assert.Equal(error * _values[s] / 2, curve[s].LossPerTimeStandardError, 1e-12);
            Assert.Equal(curve[s].LossPerTime * 0.25, curve[s].LossPerGamma * (_gammas[s + 1] - _gammas[s]), 1e-12);
            Assert.Equal(curve[s].LossPerTimeStandardError / curve[s].LossPerTime, curve[s].LossPerGammaStandardError / curve[s].LossPerGamma, 1e-12);
        }
        double loss = images.Average(i => (i.DiffusionOf(0) + i.DiffusionOf(1)) / 2) / 2;
        Assert.Equal(loss, curve.Sum(s => s.LossPerTime * (s.End - s.Start)), 1e-12);
    }

    [Fact]
    public void Weights_are_undone_and_the_number_of_times_in_a_stratum_does_not_matter()
    {
        var density = new TimeDensity([0.2, 1.8, 1, 1]);
        var sums = new CurveSums(4);
        for (int i = 0; i < 20; i++)
            sums.Add(Image(new(1, 3, 0), scale: 5, density));
        LossStratum[] curve = sums.Estimate(_gammas, 1);
        Assert.All(curve.Zip(_values), s => Assert.Equal(5 * s.Second, s.First.LossPerTime, 1e-12));
        Assert.All(curve, s => Assert.Equal(0, s.LossPerTimeStandardError, 1e-6));
        Assert.True(curve[1].Evaluations > 3 * curve[0].Evaluations);
    }

    [Fact]
    public void The_standard_error_is_the_spread_over_repetitions()
    {
        // 2000 repetitions: a variance known to 3.2 %; and the linearised one of 40 images is not exact.
        double[] losses = new double[2000], variances = new double[2000];
        for (int r = 0; r < losses.Length; r++)
        {
            var sums = new CurveSums(4);
            for (int i = 0; i < 40; i++)
                sums.Add(Image(new(2, 3, 0), 1 + 0.5 * _numbers.Next(), noise: 0.5));
            LossStratum stratum = sums.Estimate(_gammas, 1)[1];
            (losses[r], variances[r]) = (stratum.LossPerTime, Math.Pow(stratum.LossPerTimeStandardError, 2));
        }
        double mean = losses.Average(), spread = losses.Sum(l => Math.Pow(l - mean, 2)) / (losses.Length - 1);
        Assert.InRange(variances.Average() / spread, 0.82, 1.18);
        Assert.Equal(_values[1], mean, 5 * Math.Sqrt(spread / losses.Length));
    }

    [Fact]
    public void A_stratum_without_times_has_no_loss_and_one_image_no_error()
    {
        var sums = new CurveSums(4);
        sums.Add(Image(new(1, 1, 0), 1));
        LossStratum[] curve = sums.Estimate(_gammas, 1);
        Assert.Equal(3, curve.Count(s => s.Evaluations == 0 && double.IsNaN(s.LossPerTime)));
        Assert.Single(curve, s => s.Evaluations == 1 && s.LossPerTime > 0 && double.IsNaN(s.LossPerTimeStandardError));
    }

    private ImageDraws Image(ScoringDraws draws, double scale, TimeDensity? density = null, double noise = 0)
    {
        var image = new ImageDraws(0, draws);
        for (int set = 0; set < draws.Count; set++)
        {
            double first = _numbers.NextUniform();
            for (int m = 0; m < draws.TimesPerDraw; m++)
            {
                int i = set * draws.TimesPerDraw + m;
                (image.Times[i], image.Weights[i]) = Time((first + (double)m / draws.TimesPerDraw) % 1, density);
                image.Diffusion[i] = (scale * _values[(int)(4 * image.Times[i])] + noise * _numbers.Next()) * image.Weights[i];
            }
        }
        return image;
    }

    /// <summary>F⁻¹(u) and 1/p, by going through the bins.</summary>
    private static (double Time, double Weight) Time(double u, TimeDensity? density)
    {
        if (density is null)
            return (u, 1);
        int bin = 0;
        for (; u >= density.Values[bin] / 4; bin++)
            u -= density.Values[bin] / 4;
        return (bin / 4.0 + u / density.Values[bin], 1 / density.Values[bin]);
    }
}
