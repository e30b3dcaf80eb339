using Microsoft.ML.DiffEnc.Benchmarks.Cases;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Bench;

/// <summary>Counted operations against sums that are written out here, layer by layer.</summary>
public sealed class NetworkWorkTests
{
    private const int Side = 16, Channels = 3;

    [Fact]
    public void Denoiser_is_the_sum_of_its_convolutions_attention_and_embedding()
    {
        const double N = 32, L = 3, Pixels = Side * Side;
        static double Conv(double from, double to, int size) => 2 * from * to * size * size * Pixels;
        double projection = 2 * 4 * N * N;
        double straight = (L + 2) * (2 * Conv(N, N, 3) + projection);
        double joined = (L + 1) * (Conv(2 * N, N, 3) + Conv(N, N, 3) + Conv(2 * N, N, 1) + projection);
        double attention = 4 * Conv(N, N, 1) + 4 * Pixels * Pixels * N;
        double embedding = 2 * ((N + 1) * 4 * N + 16 * N * N);
        double expected = Conv(5 * Channels, N, 3) + straight + attention + joined + Conv(N, Channels, 3) + embedding;

        var work = Of(encoder: null);

        Assert.Equal(expected, work.Denoiser, 1e-6);
        Assert.Equal(0, work.Encoder);
        Assert.Equal(3 * expected, work.Step, 1e-6);
    }

    [Fact]
    public void Encoder_is_the_sum_over_its_levels_each_of_a_quarter_of_the_pixels()
    {
        const double N = 8;
        static double Conv(double from, double to, int size, int halvings) => 2 * from * to * size * size * (Side >> halvings) * (Side >> halvings);
        static double Block(double from, double to, int halvings)
            => Conv(from, to, 3, halvings) + Conv(to, to, 3, halvings) + (from == to ? 0 : Conv(from, to, 1, halvings)) + 2 * 4 * N * to;
        double deep = Side * Side / 16.0;
        double middle = 2 * Block(2 * N, 2 * N, 2) + 4 * Conv(2 * N, 2 * N, 1, 2) + 4 * deep * deep * 2 * N;
        double down = Block(N, N, 0) + Block(N, 2 * N, 1);
        // The transposed convolution reads the smaller picture: each of its pixels becomes 2×2.
        double up = Conv(2 * N, 2 * N, 2, 2) + Block(4 * N, 2 * N, 1) + Conv(2 * N, N, 2, 1) + Block(2 * N, N, 0);
        double embedding = 2 * ((N + 1) * 4 * N + 16 * N * N);
        double expected = Conv(Channels, N, 3, 0) + down + middle + up + Conv(N, Channels, 3, 0) + embedding;

        var work = Of(new NetworkSize((int)N, 2, 4, 4));

        Assert.Equal(expected, work.Encoder, 1e-6);
        Assert.Equal(3 * (work.Denoiser + 4 * expected), work.Step, 1e-6);
    }

    private static NetworkWork Of(NetworkSize? encoder)
    {
        var description = new ModelDescription
        {
            Width = Side,
            Height = Side,
            Channels = Channels,
            Encoder = encoder is null ? EncoderKind.None : EncoderKind.Trainable,
            Denoiser = new NetworkSize(32, 3, 16, 16),
            EncoderNetwork = encoder,
        };
        using var model = DiffEncModel.Create(description);
        return NetworkWork.Of(description, model.NamedParameters.ToDictionary(p => p.Key, p => p.Value.shape));
    }
}
