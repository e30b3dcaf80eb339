using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Diffusion.Ode;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

/// <summary>Where the networks run out of memory, images go through them in smaller passes, and all that a model is used for comes to the same.</summary>
public sealed class ScarceMemoryTests : IDisposable
{
    private const int Images = 10, Room = 3;

    private readonly DiffEncModel _model = Models.Create(
        Models.Describe(EncoderKind.Trainable) with { Classes = 3, OdeHead = true, GammaMin = -5, GammaMax = 2 });

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(20)] // T
    public void Likelihoods_are_the_same(int? depth) => Same(model =>
    {
        var results = new Likelihood[Images];
        var estimate = model.DiffusionLoss(depth is { } t ? TimeGrid.Uniform(t) : null);
        new LikelihoodScorer(model, new ScoringDraws(1, 2, Seed: 1), diffusion: estimate).Score(Pixels(), Images, results, classes: [1, 2, 3, 0, 1, 2, 3, 0, 1, 2]);
        return [.. results.SelectMany(r => new double[] { r.BitsPerDimension, r.LatentLoss, r.DiffusionLoss })];
    });

    [Theory]
    [InlineData(RepresentationKind.DenoiserFeatures, "mid1")]
    [InlineData(RepresentationKind.EncoderFeatures, "up.0")]
    [InlineData(RepresentationKind.EncoderOutput, null)]
    public void Representations_are_the_same(RepresentationKind kind, string? block) => Same(model =>
    {
        var features = new FeatureDescription(kind, [0.2, 0.5], block, block is null ? null : 2, FeaturePooling.Mean, Draws: 1, Seed: 1);
        var extractor = new FeatureExtractor(model, features);
        var result = new float[Images * extractor.Size];
        extractor.Extract(Pixels(), Images, result);
        return Array.ConvertAll(result, f => (double)f);
    });

    [Fact]
    public void Profiles_are_the_same() => Same(model =>
    {
        var profile = new ProfileDescription([0.2, 0.8], Draws: 2, Seed: 1);
        var result = new double[Images * profile.Size];
        new ProfileExtractor(model, profile).Extract(Pixels(), Images, result);
        return result;
    });

    [Theory]
    [InlineData(SamplerKind.Ancestral, 1.5)]
    [InlineData(SamplerKind.Ode, 0)] // with the second head
    public void Generated_images_are_the_same(SamplerKind sampler, double guidance) => Same(model =>
    {
        var options = new GenerationOptions { Sampler = sampler, Steps = 3, Class = 2, Guidance = guidance };
        return Array.ConvertAll(Sampler.Generate(model, Images, options, seed: 3), b => (double)b);
    });

    [Fact]
    public void Slopes_of_the_ode_and_their_divergences_are_the_same()
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var (z, probes) = (Models.Noise(_model, Images, 4), Models.Noise(_model, 2 * Images, 6).reshape(Images, 2, 1, 8, 8));
        Tensor Slope(FittingPasses passes)
        {
            var flow = new NoiseFlow(_model.Process(), zeros_like(z), DivergenceProbes.Hutchinson(probes), float64, 1e-4, passes);
            var state = flow.Start(z, NoiseLevel.At(zeros(1, dtype: float64), float64));
            return flow.Slope(linspace(-5, 2, Images, dtype: float64), state, arange(Images - 1, -1, -1, dtype: int64));
        }
        var tried = new List<int>();
        var found = Slope(new FittingPasses { Starting = s => Fill(tried, s) });
        Assert.Equal([10, 5, 3, 3, 3, 1], tried);
        Assert.True(allclose(Slope(new FittingPasses()), found, 1e-10, 1e-10));
    }

    private byte[] Pixels()
    {
        using var images = Models.Images(_model, Images);
        return images.data<byte>().ToArray();
    }

    private void Same(Func<DiffEncModel, double[]> use)
    {
        double[] expected = use(_model);
        var tried = new List<int>();
        _model.EvaluationStarting = s => Fill(tried, s);
        double[] found = use(_model);
        Assert.Contains(tried, images => images > Room);
        Assert.Contains(tried, images => images <= Room);
        Assert.All(expected.Zip(found), p => Assert.Equal(p.First, p.Second, 1e-6 * (1 + Math.Abs(p.First))));
        Assert.True(expected.Distinct().Count() > Images, "All results are alike: nothing would show where images are mixed up.");
    }

    private static void Fill(List<int> tried, BatchSlice images)
    {
        tried.Add(images.Count);
        if (images.Count > Room)
            throw new LibTorchException("CUDA out of memory. Tried to allocate 2.00 GiB.");
    }
}
