using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public sealed class ClassPosteriorTests : IDisposable
{
    private static readonly double[] Priors = [0.2, 0.5, 0.3];
    private readonly DiffEncModel _model;
    private readonly byte[] _pixels;

    public ClassPosteriorTests()
    {
        // Weights that differ little from those at the start, where nothing depends on the class: the classes must be close for sums to be told
        // from maxima.
        _model = Models.Create(Models.Describe(EncoderKind.Trainable) with { Classes = 3 }, perturbed: false);
        Models.Perturb(_model, 0.015);
        using var images = Models.Images(_model, 4);
        _pixels = images.data<byte>().ToArray();
    }

    public void Dispose() => _model.Dispose();

    private float[] Posteriors(ReadOnlySpan<byte> pixels, ScoringDraws draws, double[]? priors = null)
    {
        int count = pixels.Length / 64;
        var results = new float[count * 3];
        new ClassPosterior(_model, draws, priors ?? Priors).Of(pixels, count, results);
        return results;
    }

    [Theory]
    [InlineData(2, 3)]   // all classes of an image in one pass
    [InlineData(5, 12)]  // one class in each pass
    public void Posterior_is_the_softmax_of_bounds_at_the_same_draws(int sets, int timesPerDraw)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var draws = new ScoringDraws(sets, timesPerDraw, Seed: 3);
        var actual = Posteriors(_pixels, draws);
        for (int i = 0; i < 4; i++)
        {
            var image = _pixels.AsSpan(i * 64, 64);
            var (times, eps0, eps) = draws.For(image, [1, 8, 8], 0, sets);
            int evaluations = sets * timesPerDraw;
            var batch = tensor(image.ToArray(), [1, 1, 8, 8], dtype: uint8).repeat(evaluations, 1, 1, 1);
            double[] joint = [.. Enumerable.Range(1, 3).Select(c =>
            {
                var (reconstruction, latent, diffusion) = _model.Bound(
                    batch, times, eps0.repeat_interleave(timesPerDraw, 0), eps, full(evaluations, c, dtype: float64));
                return Math.Log(Priors[c - 1]) - (reconstruction + latent + diffusion).mean().item<double>();
            })];
            double[] odds = [.. joint.Select(j => Math.Exp(j - joint.Max()))];
            Assert.InRange(odds.Order().ElementAt(1), 1e-3, 0.999); // the case says something
            for (int c = 0; c < 3; c++)
                Assert.Equal(odds[c] / odds.Sum(), actual[3 * i + c], 1e-3);
        }
    }

    [Fact]
    public void Posteriors_sum_to_one_and_do_not_depend_on_the_company()
    {
        var draws = new ScoringDraws(2, 3, Seed: 3);
        var together = Posteriors(_pixels, draws);
        Assert.All(together.Chunk(3), p => Assert.Equal(1, p.Sum(), 1e-6));
        Assert.Equal(together[6..9], Posteriors(_pixels.AsSpan(128, 64), draws));
        Assert.NotEqual(together, Posteriors(_pixels, draws with { Seed = 4 }));
    }

    [Fact]
    public void Priors_shift_the_odds_by_their_ratio()
    {
        var draws = new ScoringDraws(1, 4, Seed: 3);
        float[] uniform = Posteriors(_pixels, draws, [1.0 / 3, 1.0 / 3, 1.0 / 3]), shifted = Posteriors(_pixels, draws, [0.6, 0.3, 0.1]);
        for (int i = 0; i < 12; i += 3)
        {
            Assert.Equal(Math.Log(2), Math.Log(shifted[i] / shifted[i + 1]) - Math.Log(uniform[i] / uniform[i + 1]), 1e-3);
            Assert.Equal(Math.Log(6), Math.Log(shifted[i] / shifted[i + 2]) - Math.Log(uniform[i] / uniform[i + 2]), 1e-3);
        }
    }
}
