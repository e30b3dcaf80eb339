using Microsoft.ML.DiffEnc.Networks;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Networks;

public class ParameterCountTests
{
    [Theory]
    [InlineData(128, 8, 8.9)]
    [InlineData(128, 32, 30.6)]
    [InlineData(256, 32, 122)]
    public void Denoiser_of_the_papers_size_has_the_papers_millions(int width, int blocks, double millions)
    {
        using var init = new Initializer(1);
        using var network = new Denoiser(3, new NetworkSize(width, blocks, 32, 32), init);
        Assert.Equal(millions, network.parameters().Sum(p => p.numel()) / 1e6, millions > 100 ? 0.5 : 0.05);
    }

    [Theory]
    [InlineData(EncoderLayout.Plain, 2, 1.9)]
    [InlineData(EncoderLayout.MultiResolution, 4, 2.7)]
    [InlineData(EncoderLayout.MultiResolution, 8, 4.4)]
    public void Encoder_of_the_papers_size_has_the_papers_millions(EncoderLayout layout, int blocks, double millions)
    {
        using var init = new Initializer(1);
        using var network = new EncoderNetwork(3, 32, layout, new NetworkSize(64, blocks, 16, 32), init);
        Assert.Equal(millions, network.parameters().Sum(p => p.numel()) / 1e6, 0.05);
    }
}
