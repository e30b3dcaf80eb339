using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class PixelsTests
{
    [Theory]
    [InlineData(-13.3)]
    [InlineData(-11)]
    [InlineData(-6)]
    [InlineData(0)]
    [InlineData(4)]
    public void Log_probability_is_that_of_a_categorical_over_all_256_values(double gamma0)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var pixels = arange(256, dtype: float64).reshape(1, 1, 16, 16).repeat(3, 1, 1, 1);
        var x = Pixels.Scale(pixels, float64);
        var z = x + Math.Exp(gamma0 / 2) * randn(x.shape, dtype: float64, generator: generator);

        var values = 2 * (arange(256, dtype: float64) + 0.5) / 256 - 1;
        var logits = -0.5 * (z.unsqueeze(-1) - values).square() * Math.Exp(-gamma0);
        var expected = nn.functional.log_softmax(logits, -1).gather(-1, pixels.to(int64).unsqueeze(-1)).sum([1L, 2, 3, 4]);
        var actual = Pixels.LogProbability(x, z, tensor(new[] { gamma0 }), gamma0);
        Assert.True(allclose(expected, actual, rtol: 1e-12, atol: 1e-12), Models.Compare(expected, actual));
    }

    [Theory]
    [InlineData(128, 0.01045)] // an interior value can be taken for either neighbour
    [InlineData(0, 0.00523)] // a value at the edge for one only
    [InlineData(255, 0.00523)]
    public void Reconstruction_loss_of_a_pixel_at_gamma_min_has_its_known_value(int value, double bits)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        const double gammaMin = -13.3;
        const int draws = 1_000_000;
        var x = Pixels.Scale(full([draws, 1, 1, 1], value, dtype: int32), float64);
        var z = x + Math.Exp(gammaMin / 2) * randn(x.shape, dtype: float64, generator: generator);
        var loss = -Pixels.LogProbability(x, z, tensor(new[] { gammaMin }), gammaMin) / Math.Log(2);
        double error = (loss.std() / Math.Sqrt(draws)).item<double>();
        Assert.True(error < 5e-4);
        Assert.Equal(bits, loss.mean().item<double>(), 4 * error + 5e-6); // 5e-6: the figure is given to five places
    }

    [Fact]
    public void Every_pixel_value_survives_scaling_and_decoding()
    {
        using var scope = NewDisposeScope();
        var pixels = arange(256, dtype: int64).reshape(1, 1, 16, 16);
        var x = Pixels.Scale(pixels, float32);
        Assert.True(x.abs().max().item<float>() < 1);
        Assert.True(Pixels.MostProbable(x).to(int64).equal(pixels).all().item<bool>());
        Assert.Equal(new byte[] { 0, 255 }, Pixels.MostProbable(tensor(new[] { -7.0, 7.0 })).data<byte>().ToArray());
    }

    [Theory]
    [InlineData(128, 0.3)]
    [InlineData(0, -0.4)]
    [InlineData(255, 3)] // z beyond the last value
    public void Drawn_pixels_have_the_probabilities_of_the_decoder(int value, double beyond)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        const double gamma0 = -10;
        const int draws = 100_000;
        double z = 2 * (value + beyond + 0.5) / 256 - 1;
        var drawn = Pixels.Draw(full([draws, 1, 1, 1], z, dtype: float32), tensor(new[] { gamma0 }), gamma0, rand([draws, 1, 1, 1], generator: generator));
        double[] weights = [.. Enumerable.Range(0, 256).Select(k => Math.Exp(-0.5 * Math.Pow(z - (2 * (k + 0.5) / 256 - 1), 2) * Math.Exp(-gamma0)))];
        double[] found = new double[256];
        foreach (byte pixel in drawn.data<byte>())
            found[pixel]++;
        for (int k = 0; k < 256; k++)
        {
            double p = weights[k] / weights.Sum();
            Assert.Equal(p, found[k] / draws, 5 * Math.Sqrt(p * (1 - p) / draws) + 1e-5); // five standard errors
        }
    }

    [Fact]
    public void Uniform_numbers_at_the_ends_draw_possible_values()
    {
        using var scope = NewDisposeScope();
        var z = tensor(new[] { -3f, -1, 0, 1, 3 }).reshape(1, 1, 1, 5);
        foreach (float u in new[] { 0f, MathF.BitDecrement(1) })
        {
            byte[] drawn = Pixels.Draw(z, tensor(new[] { -13.3 }), -13.3, full_like(z, u)).data<byte>().ToArray();
            int[] nearest = [0, 0, 128, 255, 255];
            Assert.All(nearest.Zip(drawn), pair => Assert.InRange(pair.First - pair.Second, -2, 2));
        }
    }
}
