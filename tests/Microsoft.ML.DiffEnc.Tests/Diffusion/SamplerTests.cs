using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class SamplerTests
{
    [Fact]
    public void The_seed_decides_the_images_and_each_image_its_own_noise()
    {
        using var model = Models.Create(Models.Describe(EncoderKind.NonTrainable), dtype: float32);
        byte[] Generate(int count, int seed) => Sampler.Generate(model, count, 5, seed, default);
        var three = Generate(3, 1);
        Assert.Equal(3 * 64, three.Length);
        Assert.Equal(three, Generate(3, 1));
        Assert.NotEqual(three, Generate(3, 2));
        Assert.NotEqual(three[..64], three[64..128]);
    }

    [Fact]
    public void Cancelling_stops_between_steps()
    {
        using var model = Models.Create(Models.Describe(EncoderKind.None), dtype: float32);
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => Sampler.Generate(model, 1, 5, 1, source.Token));
    }

    [Fact]
    public void Generating_leaves_no_tensors_behind()
    {
        using var model = Models.Create(Models.Describe(EncoderKind.None), dtype: float32);
        Sampler.Generate(model, 1, 2, 1, default);
        long before = Tensor.TotalCount;
        Sampler.Generate(model, 2, 6, 1, default);
        Assert.Equal(before, Tensor.TotalCount);
    }
}
