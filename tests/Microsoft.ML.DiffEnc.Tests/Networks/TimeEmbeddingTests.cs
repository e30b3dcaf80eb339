using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Networks;

public class TimeEmbeddingTests
{
    [Theory]
    [InlineData(16, 2)]
    [InlineData(32, 10)]
    [InlineData(32, 1000)]
    [InlineData(128, 10)]
    public void At_initialisation_two_classes_are_about_as_far_apart_as_two_times(int size, int classes)
    {
        NativeBackend.EnsureLoaded();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        double ofTime = 0, ofClass = 0, ofLabel = 0;
        for (int seed = 0; seed < 5; seed++)
        {
            using var init = new Initializer(seed);
            using var embedding = new TimeEmbedding(size, classes, init);
            Tensor Embed(double time, float @class) => embedding.Forward(new Dual(tensor(new[] { time })), tensor(new[] { @class })).Value;
            double Gap(Tensor a, Tensor b) => (a - b).square().mean().item<float>();
            ofTime += Gap(Embed(0.1, 1), Embed(0.8, 1));
            ofClass += Gap(Embed(0.1, 1), Embed(0.1, 2));
            ofLabel += Gap(Embed(0.1, 1), Embed(0.1, 0));
        }
        Assert.InRange(ofClass / ofTime, 0.5, 2.5);
        Assert.InRange(ofLabel / ofTime, 0.2, 2.5);
    }
}
