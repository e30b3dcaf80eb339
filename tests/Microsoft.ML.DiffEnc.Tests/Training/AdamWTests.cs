using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public class AdamWTests
{
    public AdamWTests() => NativeBackend.EnsureLoaded();

    public static TheoryData<ScalarType, long, double> Precisions => new()
    {
        { ScalarType.Float64, 3, 1e-12 }, // libtorch's kernel
        { ScalarType.Float32, 3, 1e-6 }, // ours, of fewer numbers than a register holds
        { ScalarType.Float32, 40_003, 1e-6 }, // of several pieces, the last a part of a register
    };

    [Theory]
    [MemberData(nameof(Precisions))]
    public void Steps_follow_the_papers_recurrence_and_biases_do_not_decay(ScalarType precision, long size, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        Tensor Any(long count) => randn(count, dtype: float64, generator: generator).to(precision);
        double[] Numbers(Tensor of) => [.. of.to(float64).data<double>()];
        var weights = new Dictionary<string, Tensor>
        {
            ["layer.weight"] = Any(size).requires_grad_(),
            ["layer.bias"] = Any(2).requires_grad_(),
        };
        var expected = weights.ToDictionary(w => w.Key, w => Numbers(w.Value));
        var mean = expected.ToDictionary(w => w.Key, w => new double[w.Value.Length]);
        var square = expected.ToDictionary(w => w.Key, w => new double[w.Value.Length]);
        using var optimizer = new AdamW(weights, weightDecay: 0.1);
        for (int t = 1; t <= 5; t++)
        {
            double rate = 0.01 * t;
            foreach (var (name, weight) in weights)
            {
                var gradient = Any(weight.numel());
                weight.grad = gradient;
                double[] g = Numbers(gradient), w = expected[name], m = mean[name], v = square[name];
                for (int i = 0; i < w.Length; i++)
                {
                    w[i] -= rate * (name == "layer.bias" ? 0 : 0.1) * w[i];
                    m[i] = 0.9 * m[i] + 0.1 * g[i];
                    v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
                    w[i] -= rate * (m[i] / (1 - Math.Pow(0.9, t))) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.99, t))) + 1e-8);
                }
            }
            optimizer.Step(rate);
            Assert.All(weights.Values, w => Assert.Null(w.grad));
        }
        foreach (var (name, weight) in weights)
            Assert.All(Numbers(weight).Zip(expected[name]), p => Assert.Equal(p.Second, p.First, tolerance));
        Assert.All(optimizer.State.Where(s => s.Key == TrainingState.Updates("layer.weight")), s => Assert.Equal(5, s.Value.item<float>()));
    }
}
