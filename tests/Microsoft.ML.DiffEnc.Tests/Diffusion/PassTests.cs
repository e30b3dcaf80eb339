using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

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
    public void Passes_of_large_images_are_small()
    {
        Assert.Equal(64, _model.EvaluationsPerPass);
        using var large = DiffEncModel.CreateUnset(
            Models.Describe(EncoderKind.None, size: 512) with { Denoiser = NetworkSize.Of(64, 4, 32) });
        Assert.InRange(large.EvaluationsPerPass, 1, 4);
        Assert.InRange(large.EvaluationsOfFullPass, 1, large.EvaluationsPerPass);
    }
}
