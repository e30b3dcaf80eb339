using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Networks.Kernels;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Networks.Kernels;

/// <summary>The gradients written by hand against those of libtorch, and the derivative against finite differences, in double precision.</summary>
public class PairAttentionTests
{
    private const double Scale = 0.4;

    [Fact]
    public void Value_derivative_and_all_gradients_are_those_of_separate_operations()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        Tensor Draw() => randn([2, 300, 6], dtype: float64, generator: generator);
        Tensor[] inputs = [.. Enumerable.Range(0, 6).Select(_ => Draw())], toward = [Draw(), Draw()];
        var (expected, actual) = (Run(Separate), Run((q, k, v) => PairAttention.Apply(q, k, v, Scale)));
        Assert.Equal(expected.Keys, actual.Keys);
        foreach (var (name, a) in expected)
            Assert.True(a.allclose(actual[name], rtol: 1e-10, atol: 1e-12), $"{name}: {(a - actual[name]).abs().max().item<double>()} apart");

        Dictionary<string, Tensor> Run(Func<Dual, Dual, Dual, Dual> attention)
        {
            var x = inputs.Select(t => t.clone().requires_grad_()).ToArray();
            var y = attention(new(x[0], x[3]), new(x[1], x[4]), new(x[2], x[5]));
            return Gradients.Of(y, toward, [.. new[] { "q", "k", "v", "dq", "dk", "dv" }.Zip(x)]);
        }
    }

    [Fact]
    public void The_derivative_is_that_of_the_value_along_the_tangents()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var generator = new Generator(5);
        Tensor[] x = [.. Enumerable.Range(0, 6).Select(_ => randn([2, 7, 4], dtype: float64, generator: generator))];
        Tensor At(double t) => PairAttention.Apply(new(x[0] + t * x[3], x[3]), new(x[1] + t * x[4], x[4]), new(x[2] + t * x[5], x[5]), Scale).Value;
        const double step = 1e-5;
        var differences = (At(step) - At(-step)) / (2 * step);
        Assert.True(PairAttention.Apply(new(x[0], x[3]), new(x[1], x[4]), new(x[2], x[5]), Scale).Tangent!.allclose(differences, rtol: 1e-7, atol: 1e-8));
    }

    [Fact]
    public void The_block_gives_the_same_with_it_and_without()
    {
        using var scope = NewDisposeScope();
        using var block = new AttentionBlock(16, 4, new Initializer(1));
        foreach (var weight in block.parameters())
            using (no_grad())
                weight.copy_(randn_like(weight) * 0.3);
        var x = new Dual(randn(2, 16, 16, 16), randn(2, 16, 16, 16));
        var separate = block.Forward(x);
        block.FirstDerivativesOnly = true;
        var fused = block.Forward(x);
        Assert.True(fused.Value.allclose(separate.Value, rtol: 1e-4, atol: 1e-5));
        Assert.True(fused.Tangent!.allclose(separate.Tangent!, rtol: 1e-4, atol: 1e-5));
        Assert.False(fused.Tangent!.equal(separate.Tangent!).all().item<bool>()); // other roundings
    }

    private static Dual Separate(Dual q, Dual k, Dual v)
    {
        var p = nn.functional.softmax(Scale * q.Value.bmm(k.Value.transpose(1, 2)), -1);
        var slope = Scale * (q.Tangent!.bmm(k.Value.transpose(1, 2)) + q.Value.bmm(k.Tangent!.transpose(1, 2)));
        var change = p * slope - p * (p * slope).sum(-1, keepdim: true);
        return new(p.bmm(v.Value), change.bmm(v.Value) + p.bmm(v.Tangent!));
    }
}
