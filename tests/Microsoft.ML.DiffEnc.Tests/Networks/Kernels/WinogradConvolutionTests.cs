using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Networks.Kernels;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Networks.Kernels;

/// <summary>The fast convolution in single precision against libtorch's direct one in double precision.</summary>
public class WinogradConvolutionTests
{
    private const double Tolerance = 1e-5;

    [Avx2Theory]
    [InlineData(3, 16, 24, 28, 28)] // seven tiles in a row
    [InlineData(2, 24, 16, 8, 8)] // the smallest picture
    [InlineData(2, 16, 16, 13, 11)] // tiles that reach beyond the picture, one row of pixels and three
    [InlineData(1, 16, 32, 10, 37)] // more than eight tiles in a row
    [InlineData(1, 16, 16, 41, 72)]
    [InlineData(2, 20, 28, 12, 12)] // numbers of channels that no block of the products divides
    [InlineData(5, 128, 64, 32, 32)] // not all images at a time
    [InlineData(1, 16, 16, 9, 300)] // a row of more tiles than are gathered
    public void Value_derivative_and_all_gradients_are_those_of_a_direct_convolution(int images, int inputs, int outputs, int height, int width)
    {
        foreach (bool pair in new[] { false, true })
        {
            using var scope = NewDisposeScope();
            using var generator = new Generator(7);
            Tensor Draw(params long[] shape) => randn(shape, dtype: float64, generator: generator);
            Tensor[] leaves = [Draw(images, inputs, height, width) + 1, Draw(images, inputs, height, width), Draw(outputs, inputs, 3, 3), Draw(outputs)];
            Tensor[] toward = [Draw(images, outputs, height, width), Draw(images, outputs, height, width)];
            Gradients.AssertClose(Run(float64), Run(float32), Tolerance);

            Dictionary<string, Tensor> Run(ScalarType dtype)
            {
                var own = leaves.Select(v => v.to(dtype).clone().requires_grad_()).ToArray();
                var x = new Dual(own[0], pair ? own[1] : null);
                Assert.Equal(dtype == float32, WinogradConvolution.Takes(x.Value, own[2]));
                var y = dtype == float32 ? WinogradConvolution.Apply(x, own[2], own[3]) : Direct(x, own[2], own[3]);
                return Gradients.Of(y, toward, ("of x", own[0]), ("of t", own[1]), ("of weight", own[2]), ("of bias", own[3]));
            }
        }
    }

    [Avx2Fact]
    public void Its_error_is_of_the_order_of_a_direct_convolution_in_the_same_precision()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        var (x, weight, bias) = (randn([2, 128, 32, 32], generator: generator), randn([128, 128, 3, 3], generator: generator), zeros(128));
        using var noGradients = no_grad();
        var exact = Direct(new Dual(x.to(float64)), weight.to(float64), bias.to(float64)).Value;
        double Error(Tensor y) => (y.to(float64) - exact).square().mean().sqrt().item<double>() / exact.square().mean().sqrt().item<double>();
        Assert.InRange(Error(WinogradConvolution.Apply(new Dual(x), weight, bias).Value), 0, 2e-6);
        Assert.InRange(Error(Direct(new Dual(x), weight, bias).Value), 5e-8, 2e-6);
    }

    [Avx2Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Only_the_gradients_that_are_asked_for_are_computed(bool ofInput, bool ofWeight)
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = (randn(2, 16, 12, 12), randn(16, 16, 3, 3), zeros(16));
        x.requires_grad = ofInput;
        weight.requires_grad = bias.requires_grad = ofWeight;
        Tensor[] toward = [randn(2, 16, 12, 12)];
        var direct = Run(Direct(new Dual(x), weight, bias));
        Assert.Equal(ofInput, direct.ContainsKey("of x"));
        Assert.Equal(ofWeight, direct.ContainsKey("of weight"));
        Gradients.AssertClose(direct, Run(WinogradConvolution.Apply(new Dual(x), weight, bias)), Tolerance);

        Dictionary<string, Tensor> Run(Dual y)
        {
            var result = Gradients.Of(y, toward, ("of x", x), ("of weight", weight), ("of bias", bias));
            (x.grad, weight.grad, bias.grad) = (null, null, null);
            return result;
        }
    }

    [Avx2Fact]
    public void A_convolution_takes_it_unless_second_derivatives_may_follow()
    {
        using var scope = NewDisposeScope();
        using var convolution = new Convolution(16, 16, 3, new Initializer(1));
        var x = randn(1, 16, 12, 12).requires_grad_();
        var y = convolution.Forward(new Dual(x)).Value;
        var first = autograd.grad([y.square().sum()], [x], create_graph: true, retain_graph: true)[0];
        Assert.True(first.requires_grad); // it can be differentiated once more
        convolution.FirstDerivativesOnly = true;
        var fast = convolution.Forward(new Dual(x)).Value;
        Assert.False(fast.equal(y).all().item<bool>()); // other roundings
        Assert.True(fast.allclose(y, rtol: 1e-4, atol: 1e-5));
    }

    [Avx2Fact]
    public void What_it_is_not_for_it_leaves_alone()
    {
        using var scope = NewDisposeScope();
        var (x, weight) = (zeros(1, 16, 8, 8), zeros(16, 16, 3, 3));
        Assert.True(WinogradConvolution.Takes(x, weight));
        Assert.False(WinogradConvolution.Takes(x, zeros(16, 16, 1, 1)));
        Assert.False(WinogradConvolution.Takes(zeros(1, 5, 8, 8), zeros(16, 5, 3, 3)));
        Assert.False(WinogradConvolution.Takes(zeros(1, 18, 8, 8), zeros(16, 18, 3, 3)));
        Assert.False(WinogradConvolution.Takes(x, zeros(18, 16, 3, 3)));
        Assert.False(WinogradConvolution.Takes(zeros(1, 16, 7, 7), weight));
        Assert.False(WinogradConvolution.Takes(zeros(0, 16, 8, 8), weight));
        Assert.False(WinogradConvolution.Takes(zeros(1, 8, 8, 8), weight)); // which libtorch refuses
        Assert.False(WinogradConvolution.Takes(x.to(float64), weight.to(float64)));
        using var autocast = Autocast.Enter(TrainingPrecision.BFloat16, CPU);
        Assert.False(WinogradConvolution.Takes(x, weight));
    }

    [Avx2Fact]
    public void What_is_no_number_stays_none()
    {
        using var scope = NewDisposeScope();
        var x = zeros(1, 16, 8, 8);
        x[0, 3, 4, 4] = float.NaN;
        using var noGradients = no_grad();
        Assert.True(WinogradConvolution.Apply(new Dual(x), ones(16, 16, 3, 3), zeros(16)).Value[0, 0, 4, 4].isnan().item<bool>());
    }

    [Avx2Fact]
    public void Calls_of_several_threads_do_not_meet()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        Tensor[] pictures = [.. Enumerable.Range(0, 8).Select(_ => randn([2, 16, 16, 16], generator: generator))];
        var (weight, bias) = (randn([16, 16, 3, 3], generator: generator), zeros(16));
        Tensor Of(Tensor x)
        {
            using var noGradients = no_grad();
            return WinogradConvolution.Apply(new Dual(x), weight, bias).Value.DetachFromDisposeScope();
        }
        Tensor[] alone = [.. pictures.Select(Of)], together = new Tensor[pictures.Length];
        Parallel.For(0, pictures.Length, i =>
        {
            for (int again = 0; again < 20; again++)
            {
                together[i]?.Dispose();
                together[i] = Of(pictures[i]);
            }
        });
        for (int i = 0; i < alone.Length; i++)
        {
            Assert.True(alone[i].equal(together[i]).all().item<bool>());
            alone[i].Dispose();
            together[i].Dispose();
        }
    }

    private static Dual Direct(Dual x, Tensor weight, Tensor bias) => new(
        nn.functional.conv2d(x.Value, weight, bias, padding: [1L, 1L]),
        x.Tangent is null ? null : nn.functional.conv2d(x.Tangent, weight, null, padding: [1L, 1L]));
}
