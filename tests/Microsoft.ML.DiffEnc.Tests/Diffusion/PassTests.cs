using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public sealed class PassTests : IDisposable
{
    private const int Images = 7;

    // In double precision, where what two ways of packing differ by is far below what a mistaken draw or image would.
    private const double Rounding = 1e-9;

    private readonly DiffEncModel _model = Models.Create(Models.Describe(EncoderKind.Trainable));
    private readonly byte[] _pixels;
    private readonly int _size;

    public PassTests()
    {
        _size = _model.Description.Dimensions;
        using var images = Models.Images(_model, Images);
        _pixels = images.data<byte>().ToArray();
    }

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(3, 1)]
    [InlineData(24, 5)] // passes end amid the draws of an image
    [InlineData(64, 2)] // one draw fills a pass
    public void Profiles_and_maps_are_those_of_each_image_alone(int times, int draws)
    {
        var description = new ProfileDescription([.. Enumerable.Range(0, times).Select(i => (i + 0.5) / times)], draws, Seed: 4);
        var extractor = new ProfileExtractor(_model, description);
        int places = _model.Description.Width * _model.Description.Height;
        var (together, maps) = (new double[Images * description.Size], new float[Images * places]);
        extractor.Extract(_pixels, Images, together, maps);
        for (int i = 0; i < Images; i++)
        {
            var (alone, map) = (new double[description.Size], new float[places]);
            extractor.Extract(_pixels.AsSpan(i * _size, _size), 1, alone, map);
            for (int j = 0; j < alone.Length; j++)
                Assert.Equal(alone[j], together[i * alone.Length + j], Rounding * Math.Abs(alone[j]));
            for (int j = 0; j < places; j++)
                Assert.Equal(map[j], maps[i * places + j], 1e-5f * Math.Abs(map[j]));
        }
        Assert.NotEqual(together[0], together[description.Size]);
    }

    [Theory]
    [InlineData(RepresentationKind.Encoding, 3, 1)]
    [InlineData(RepresentationKind.LossProfile, 5, 30)]
    [InlineData(RepresentationKind.LossProfile, 64, 3)]
    public void Features_are_those_of_each_image_alone_however_many_draws_they_have(RepresentationKind kind, int times, int draws)
    {
        double[] at = [.. Enumerable.Range(0, times).Select(i => (i + 0.5) / times)];
        var extractor = new FeatureExtractor(
            _model, new(kind, at, Block: null, Grid: kind == RepresentationKind.Encoding ? 4 : null, FeaturePooling.Mean, draws, Seed: 4));
        var together = new float[Images * extractor.Size];
        extractor.Extract(_pixels, Images, together);
        for (int i = 0; i < Images; i++)
        {
            var alone = new float[extractor.Size];
            extractor.Extract(_pixels.AsSpan(i * _size, _size), 1, alone);
            for (int j = 0; j < alone.Length; j++)
                Assert.Equal(alone[j], together[i * alone.Length + j], 1e-6f * Math.Abs(alone[j]));
        }
        Assert.NotEqual(together[0], together[extractor.Size]);
    }

    [Theory]
    [InlineData(1, 64, 1)]
    [InlineData(64, 64, 64)]
    [InlineData(65, 64, 33)]
    [InlineData(17, 16, 9)]
    [InlineData(100, 16, 15)]
    [InlineData(0, 16, 1)]
    public void Passes_are_as_few_as_can_be_and_none_is_left_with_a_small_rest(int count, int most, int expected)
        => Assert.Equal(expected, DiffEncModel.Evenly(count, most));

    [Fact]
    public void More_evaluations_than_a_pass_has_are_made_pass_by_pass()
    {
        using var scope = NewDisposeScope();
        var passes = new List<(long First, long Count)>();
        var all = _model.InPasses(150, some =>
        {
            passes.Add((some.First, some.Count));
            return arange(some.First, some.First + some.Count);
        });
        Assert.Equal([(0, 64), (64, 64), (128, 22)], passes);
        Assert.Equal(Enumerable.Range(0, 150).Select(i => (long)i), all.data<long>().ToArray());
    }

    [Fact]
    public void A_set_of_more_times_than_a_pass_has_scores_as_in_one_pass()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var draws = new ScoringDraws(1, 100, Seed: 4);
        double[] found = new LikelihoodScorer(_model, draws).Draw(_pixels.AsSpan(0, _size), 1)[0].Diffusion;
        var (uniform, _, eps) = draws.For(_pixels.AsSpan(0, _size), [1, .. Models.Images(_model, 1).shape[2..]], 0, 1);
        var x = _model.Scale(Models.Images(_model, Images)[..1]).expand(100, -1, -1, -1);
        double[] expected = _model.Bounds.Diffusion(x, uniform, eps.to(float64), zeros(100, dtype: float64)).data<double>().ToArray();
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, Rounding * Math.Abs(pair.First)));
    }

    [Theory]
    [InlineData(1 << 20, true, 64)]
    [InlineData(1 << 20, false, 512)]
    [InlineData(1 << 26, true, 4)]
    [InlineData(1 << 26, false, 32)]
    [InlineData(1 << 30, true, 1)]
    public void Passes_are_bounded_by_what_an_evaluation_keeps_on_the_CPU_and_on_a_GPU(long activations, bool onCpu, int expected)
        => Assert.Equal(expected, DiffEncModel.EvaluationsOf(activations, onCpu));

    [Fact]
    public void Passes_of_large_images_are_small()
    {
        Assert.Equal(64, _model.EvaluationsPerPass);
        using var large = DiffEncModel.CreateUnset(
            Models.Describe(EncoderKind.None, size: 512) with { Denoiser = NetworkSize.Of(64, 4, 32) });
        Assert.InRange(large.EvaluationsPerPass, 1, 4);
        Assert.InRange(large.EvaluationsOfFullPass, 1, large.EvaluationsPerPass);
    }
}
