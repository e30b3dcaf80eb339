using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public class AdamWTests
{
    public AdamWTests() => NativeBackend.EnsureLoaded();

    [Fact]
    public void Steps_follow_the_papers_recurrence_and_biases_do_not_decay()
    {
        using var scope = NewDisposeScope();
        var weights = new Dictionary<string, Tensor>
        {
            ["layer.weight"] = tensor(new[] { 1.5, -2.0, 0.25 }).requires_grad_(),
            ["layer.bias"] = tensor(new[] { 0.5, 3.0 }).requires_grad_(),
        };
        var expected = weights.ToDictionary(w => w.Key, w => w.Value.data<double>().ToArray());
        var mean = expected.ToDictionary(w => w.Key, w => new double[w.Value.Length]);
        var square = expected.ToDictionary(w => w.Key, w => new double[w.Value.Length]);
        using var optimizer = new AdamW(weights, weightDecay: 0.1);
        using var generator = new Generator(4);
        for (int t = 1; t <= 5; t++)
        {
            double rate = 0.01 * t;
            foreach (var (name, weight) in weights)
            {
                var gradient = randn(weight.shape, dtype: float64, generator: generator);
                weight.grad = gradient;
                double[] g = [.. gradient.data<double>()], w = expected[name], m = mean[name], v = square[name];
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
            Assert.All(weight.data<double>().Zip(expected[name]), p => Assert.Equal(p.Second, p.First, 1e-12));
    }
}
