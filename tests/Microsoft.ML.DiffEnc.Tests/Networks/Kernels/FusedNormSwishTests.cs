using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Networks.Kernels;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Networks.Kernels;

/// <summary>The kernels in single precision against libtorch's operations in double precision.</summary>
public class FusedNormSwishTests
{
    private const double Tolerance = 2e-5, Epsilon = 1e-6;

    [Avx2Theory]
    [InlineData(3, 8, 4, 7, 7, 0)] // 49 pixels: no multiple of a vector
    [InlineData(2, 12, 3, 1, 3, 0)] // fewer than one
    [InlineData(2, 32, 32, 4, 4, 0)] // one channel in a group
    [InlineData(4, 16, 1, 5, 6, 0.3)]
    [InlineData(6, 8, 2, 9, 9, 0.5)]
    [InlineData(2, 2, 1, 171, 173, 0.3)] // more pixels than are added up in one stretch
    public void Value_derivative_and_all_gradients_are_those_of_separate_operations(int images, int channels, int groups, int height, int width, double drop)
    {
        foreach (bool pair in new[] { false, true })
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator(3);
            Tensor Draw(params long[] shape) => randn(shape, dtype: float64, generator: generator);
            var inputs = new[] { Draw(images, channels, height, width) * 3 + 2, Draw(images, channels, height, width), Draw(channels) + 1, Draw(channels) };
            var toward = new[] { Draw(images, channels, height, width), Draw(images, channels, height, width) };
            Gradients.AssertClose(Run(float64, fused: false), Run(float32, fused: true), Tolerance);

            Dictionary<string, Tensor> Run(ScalarType dtype, bool fused)
            {
                var leaves = inputs.Select(v => v.to(dtype).clone().requires_grad_()).ToArray();
                var x = new Dual(leaves[0], pair ? leaves[1] : null);
                var dropout = drop > 0 ? new Dropout(drop, 5, new BatchSlice(1, images / 2, images)) : null; // the slice, at two times t
                var y = fused
                    ? FusedNormSwish.Apply(x, new(leaves[2], leaves[3], groups, Epsilon, dropout?.Next()))
                    : Separate(x, leaves[2], leaves[3], groups, dropout);
                return Gradients.Of(y, toward, ("of x", leaves[0]), ("of t", leaves[1]), ("of weight", leaves[2]), ("of bias", leaves[3]));
            }
        }
    }

    [Avx2Fact]
    public void Groups_of_a_million_numbers_are_measured_as_exactly_as_small_ones()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var generator = new Generator(3);
        var x = randn([1, 4, 512, 512], dtype: float64, generator: generator) + 0.5;
        var (weight, bias) = (ones(4, dtype: float32), zeros(4, dtype: float32));
        var expected = nn.functional.silu(nn.functional.group_norm(x, 1, eps: Epsilon));
        var found = FusedNormSwish.Apply(new Dual(x.to(float32)), new(weight, bias, 1, Epsilon, Mask: null)).Value;
        Assert.InRange((found.to(float64) - expected).abs().max().item<double>(), 0, 3e-6); // 4e-5 where all is added up in single precision
    }

    [Fact]
    public void The_places_of_a_batch_beyond_two_billion_numbers_are_counted_on()
        => Assert.Equal((59_999L * 64 + 63) * 784, new NormShape(60_000, 64, 784, 32).Offset(59_999, 63));

    [Avx2Fact]
    public void Without_gradients_the_same_values_come_out()
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = (randn(2, 8, 6, 6), randn(8).requires_grad_(), randn(8).requires_grad_());
        var recorded = FusedNormSwish.Apply(new Dual(x), new(weight, bias, 4, Epsilon, Mask: null)).Value;
        using var noGradients = no_grad();
        var plain = FusedNormSwish.Apply(new Dual(x), new(weight, bias, 4, Epsilon, Mask: null)).Value;
        Assert.True(recorded.requires_grad);
        Assert.False(plain.requires_grad);
        Assert.True(plain.equal(recorded).all().item<bool>());
    }

    [Avx2Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        using var scope = NewDisposeScope();
        int before = get_num_threads();
        var (x, weight, bias) = (randn(4, 32, 16, 16), randn(32), randn(32));
        Tensor[] Run(int threads)
        {
            set_num_threads(threads);
            var leaf = x.clone().requires_grad_();
            var y = FusedNormSwish.Apply(new Dual(leaf, x), new(weight.requires_grad_(), bias, 8, Epsilon, new Dropout(0.2, 3).Next()));
            (y.Value.square().sum() + y.Tangent!.square().sum()).backward();
            return [y.Value, y.Tangent, leaf.grad!];
        }
        try
        {
            foreach (var (one, several) in Run(1).Zip(Run(3)))
                Assert.True(one.equal(several).all().item<bool>());
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Avx2Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void What_is_no_number_stays_none(float value)
    {
        using var scope = NewDisposeScope();
        var x = zeros(1, 8, 4, 4);
        x[0, 0, 0, 0] = value;
        Assert.True(FusedNormSwish.Apply(new Dual(x), new(ones(8), zeros(8), 2, Epsilon, Mask: null)).Value.isnan().any().item<bool>());
    }

    [Avx2Theory]
    [InlineData(-200f, 0)]
    [InlineData(200f, 200)]
    [InlineData(0f, 0)]
    public void Large_arguments_of_the_swish_neither_overflow_nor_vanish(float offset, float expected)
    {
        using var scope = NewDisposeScope();
        var y = FusedNormSwish.Apply(new Dual(randn(1, 8, 4, 4)), new(zeros(8), full(8, offset), 2, Epsilon, Mask: null)).Value;
        Assert.All(y.data<float>(), v => Assert.Equal(expected, v, 1e-6));
    }

    private static Dual Separate(Dual x, Tensor weight, Tensor bias, long groups, Dropout? dropout)
    {
        Tensor Normal(Tensor v) => v.reshape(v.size(0), groups, -1);
        var value = Normal(x.Value);
        var inverse = rsqrt(value.var([2], unbiased: false, keepdim: true) + Epsilon);
        var normal = (value - value.mean([2], keepdim: true)) * inverse;
        var (scale, shift) = (weight.reshape(1, -1, 1, 1), bias.reshape(1, -1, 1, 1));
        Tensor? tangent = null;
        if (x.Tangent is not null)
        {
            var t = Normal(x.Tangent);
            tangent = ((t - t.mean([2], keepdim: true) - normal * (normal * t).mean([2], keepdim: true)) * inverse).reshape(x.Value.shape) * scale;
        }
        var swish = new Dual(normal.reshape(x.Value.shape) * scale + shift, tangent).Swish();
        return dropout?.Apply(swish) ?? swish;
    }
}
