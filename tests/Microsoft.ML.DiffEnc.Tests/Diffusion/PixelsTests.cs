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
}
