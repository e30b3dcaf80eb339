using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public sealed class LikelihoodScorerTests : IDisposable
{
    private readonly DiffEncModel _model = Models.Create(Models.Describe(EncoderKind.Trainable), dtype: float32);
    private readonly byte[] _pixels;
    private readonly int _size;

    public LikelihoodScorerTests()
    {
        _size = _model.Description.Dimensions;
        using var images = Models.Images(_model, 6);
        _pixels = images.data<byte>().ToArray();
    }

    public void Dispose() => _model.Dispose();

    private Likelihood[] Score(byte[] pixels, int draws = 3, int times = 4, int seed = 1, int? imagesPerPass = null)
    {
        var results = new Likelihood[pixels.Length / _size];
        new LikelihoodScorer(_model, new ScoringDraws(draws, times, seed), imagesPerPass).Score(pixels, results.Length, results);
        return results;
    }

    [Fact]
    public void Score_of_an_image_is_the_same_in_any_company()
    {
        var together = Score(_pixels);
        for (int i = 0; i < 6; i++)
            Assert.Equal(together[i], Assert.Single(Score(_pixels[(i * _size)..((i + 1) * _size)])));
        byte[] turned = [.. _pixels.Chunk(_size).Reverse().SelectMany(p => p)];
        Assert.Equal(together.Reverse(), Score(turned));
    }

    [Fact]
    public void Packing_images_into_one_pass_changes_a_score_by_rounding_only()
    {
        foreach (var (one, packed) in Score(_pixels).Zip(Score(_pixels, imagesPerPass: 4)))
        {
            Assert.Equal(one.BitsPerDimension, packed.BitsPerDimension, 1e-4f * one.BitsPerDimension);
            Assert.Equal(one.StandardError, packed.StandardError, 1e-3f * one.StandardError);
        }
    }

    [Theory]
    [InlineData(8, 4, 1)] // of images with as many draws each has passes of its own
    [InlineData(2, 4, 1)]
    [InlineData(100, 1, 1)]
    [InlineData(1, 4, 16)]
    [InlineData(1, 1, 64)]
    [InlineData(7, 1, 9)]
    public void Images_of_few_draws_share_passes_and_scores_change_by_rounding_only(int draws, int times, int imagesPerPass)
    {
        Assert.Equal(imagesPerPass, new LikelihoodScorer(_model, new ScoringDraws(draws, times, Seed: 1)).ImagesPerPass);
        foreach (var (one, packed) in Score(_pixels, draws, times, imagesPerPass: 1).Zip(Score(_pixels, draws, times)))
            Assert.Equal(one.BitsPerDimension, packed.BitsPerDimension, 1e-5f * one.BitsPerDimension);
    }

    [Fact]
    public void Scores_depend_on_the_seed_and_different_images_have_different_draws()
    {
        Assert.NotEqual(Score(_pixels), Score(_pixels, seed: 2));
        using var scope = NewDisposeScope();
        var draws = new ScoringDraws(2, 2, 1);
        var (times, eps0, eps) = draws.For(_pixels.AsSpan(0, _size), [1, 8, 8], 0, 2);
        var (otherTimes, otherEps0, otherEps) = draws.For(_pixels.AsSpan(_size, _size), [1, 8, 8], 0, 2);
        Assert.False(times.equal(otherTimes).any().item<bool>());
        Assert.False(eps0.equal(otherEps0).all().item<bool>());
        Assert.False(eps.equal(otherEps).all().item<bool>());
        Assert.Equal([4L, 1, 8, 8], eps.shape);
        // The two times of a set lie half the unit interval apart.
        Assert.Equal(0.5, Math.Abs((times[1] - times[0]).item<double>()), 1e-12);
    }

    [Fact]
    public void Score_is_the_mean_of_the_bound_at_its_draws()
    {
        using var scope = NewDisposeScope();
        var draws = new ScoringDraws(2, 3, 1);
        var image = _pixels.AsSpan(0, _size);
        var (times, eps0, eps) = draws.For(image, [1, 8, 8], 0, 2);
        var batch = tensor(image.ToArray(), [1, 1, 8, 8], dtype: uint8);
        double Mean(Func<int, (Tensor, Tensor, Tensor), Tensor> part, int n)
            => Enumerable.Range(0, n).Average(i => part(i, _model.Bound(batch, times[i].unsqueeze(0), eps0[i % 2].unsqueeze(0), eps[i].unsqueeze(0))).item<float>());
        double unit = _size * Math.Log(2);
        var scored = Score(_pixels[.._size], draws: 2, times: 3)[0];
        Assert.Equal(Mean((_, b) => b.Item3, 6) / unit, scored.DiffusionLoss, 1e-4 * scored.DiffusionLoss);
        Assert.Equal(Mean((_, b) => b.Item2, 1) / unit, scored.LatentLoss, 1e-5 * scored.LatentLoss);
        Assert.Equal(Mean((_, b) => b.Item1, 2) / unit, scored.ReconstructionLoss, 1e-4);
        Assert.Equal(scored.ReconstructionLoss + scored.LatentLoss + scored.DiffusionLoss, scored.BitsPerDimension, 1e-4f);
    }

    [Fact]
    public void Standard_error_predicts_the_spread_over_seeds()
    {
        Assert.True(float.IsNaN(Score(_pixels, draws: 1)[0].StandardError));
        var image = _pixels[.._size];
        var runs = Enumerable.Range(0, 60).Select(seed => Score(image, draws: 4, times: 2, seed: seed)[0]).ToArray();
        double mean = runs.Average(r => (double)r.BitsPerDimension);
        double spread = runs.Sum(r => Math.Pow(r.BitsPerDimension - mean, 2)) / (runs.Length - 1);
        double predicted = runs.Average(r => Math.Pow(r.StandardError, 2));
        Assert.InRange(predicted / spread, 0.5, 2); // 59 and 180 degrees of freedom: 5 standard deviations either way
    }

    [Fact]
    public void Draws_beyond_one_pass_go_into_further_ones()
    {
        using var scope = NewDisposeScope();
        var draws = new ScoringDraws(5, 30, 1); // two sets of 30 fit into a pass
        var image = _pixels.AsSpan(0, _size);
        var (times, eps0, eps) = draws.For(image, [1, 8, 8], 0, 5);
        var batch = tensor(image.ToArray(), [1, 1, 8, 8], dtype: uint8).repeat(150, 1, 1, 1);
        var diffusion = _model.Bound(batch, times, eps, eps).Diffusion.mean().item<float>() / (_size * Math.Log(2));
        Assert.Equal(diffusion, Score(_pixels[.._size], draws: 5, times: 30)[0].DiffusionLoss, 1e-4 * diffusion);
    }

    [Fact]
    public void Without_the_diffusion_loss_the_other_parts_are_the_same()
    {
        var results = new Likelihood[6];
        new LikelihoodScorer(_model, new ScoringDraws(3, 4, 1)).Score(_pixels, 6, results, withDiffusion: false);
        // Up to rounding: the encoder's end points of all images share a pass.
        foreach (var (whole, parts) in Score(_pixels).Zip(results))
        {
            Assert.Equal(whole.ReconstructionLoss, parts.ReconstructionLoss, 1e-5f * whole.ReconstructionLoss);
            Assert.Equal(whole.LatentLoss, parts.LatentLoss, 1e-5f * whole.LatentLoss);
        }
        Assert.All(results, r => Assert.True(float.IsNaN(r.DiffusionLoss) && float.IsNaN(r.BitsPerDimension)));
    }
}
