using Microsoft.ML.DiffEnc.Networks;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Networks.Kernels;

/// <summary>What a kernel gives, with all its gradients, by name.</summary>
internal static class Gradients
{
    /// <param name="y">What it gave.</param>
    /// <param name="toward">The gradients of value and tangent.</param>
    /// <param name="leaves">What it was given.</param>
    public static Dictionary<string, Tensor> Of(Dual y, Tensor[] toward, params (string Name, Tensor Leaf)[] leaves)
    {
        var result = new Dictionary<string, Tensor> { ["y"] = y.Value };
        var loss = (y.Value * toward[0].to(y.Value.dtype)).sum();
        if (y.Tangent is not null)
        {
            result.Add("dy", y.Tangent);
            loss += (y.Tangent * toward[1].to(y.Value.dtype)).sum();
        }
        loss.backward();
        foreach (var (name, leaf) in leaves)
            if (leaf.grad is { } gradient)
                result.Add(name, gradient);
        return result;
    }

    /// <summary>None differs by more than a share of the largest number of its tensor.</summary>
    public static void AssertClose(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual, double tolerance)
    {
        Assert.Equal(expected.Keys, actual.Keys);
        foreach (var (name, value) in expected)
        {
            var exact = value.to(float64);
            double far = (actual[name].to(float64) - exact).abs().max().item<double>(), scale = exact.abs().max().item<double>();
            Assert.True(far <= tolerance * scale, $"{name}{(expected.ContainsKey("dy") ? " of a pair" : "")}: {far} apart, of {scale}");
        }
    }
}
