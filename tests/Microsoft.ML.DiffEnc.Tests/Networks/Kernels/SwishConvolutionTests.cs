using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Networks.Kernels;
using Microsoft.ML.DiffEnc.Tests.Support;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Networks.Kernels;

/// <summary>Norm, swish, dropout, convolution and what is added, in one kernel in single precision, against libtorch's operations in double precision.</summary>
public class SwishConvolutionTests
{
    private const double Tolerance = 1e-5;

    /// <summary>What is added, and what of it has a derivative.</summary>
    public enum Added
    {
        Nothing,
        Values,
        Pairs,
    }

    [Avx2Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Value_derivative_and_all_gradients_are_those_of_the_operations_one_by_one(bool pair)
    {
        foreach (var offsets in Enum.GetValues<Added>())
            foreach (var shortcut in Enum.GetValues<Added>())
                Compare(new(3, 16, 24, 13, 11), groups: 4, pair, offsets, shortcut, dropout: 0.2);
    }

    [Avx2Theory]
    [InlineData(2, 24, 16, 8, 8, 24)] // a group for each channel
    [InlineData(2, 16, 16, 28, 28, 1)] // one group
    [InlineData(5, 128, 64, 32, 32, 32)] // not all images at a time
    [InlineData(1, 20, 28, 9, 70, 5)]
    public void Of_all_shapes(int images, int inputs, int outputs, int height, int width, int groups)
    {
        foreach (bool pair in new[] { false, true })
            Compare(new(images, inputs, outputs, height, width), groups, pair, Added.Pairs, Added.Pairs, dropout: 0);
    }

    [Avx2Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    public void The_program_s_default_type_changes_nothing(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var init = new Initializer(1);
        using var block = new ResNetBlock(16, 16, 64, 4, init);
        block.SetFirstDerivativesOnly(true);
        using var generator = new Generator(5);
        Tensor Draw(params long[] shape) => randn(shape, dtype: float32, generator: generator);
        foreach (var (_, weight) in block.named_parameters())
            using (no_grad())
                weight.add_(0.1 * Draw(weight.shape));
        var (x, embedding, toward) = (Draw(2, 16, 16, 16).requires_grad_(), Draw(2, 64), Draw(2, 16, 16, 16));
        Tensor[] Run()
        {
            (x.grad, block.named_parameters().First().parameter.grad) = (null, null);
            var y = block.Forward(new Dual(x), new Dual(embedding), dropout: null).Value;
            GradientLifetime.Take(() => (y * toward).sum().backward());
            return [y, x.grad!, block.named_parameters().First().parameter.grad!];
        }
        Tensor[] expected = Run();
        var before = get_default_dtype();
        try
        {
            set_default_dtype(type);
            foreach (var (one, other) in expected.Zip(Run()))
                Assert.True(other.dtype == float32 && one.equal(other).all().item<bool>());
        }
        finally
        {
            set_default_dtype(before);
        }
    }

    [Avx2Fact]
    public void Only_the_gradients_that_are_asked_for_are_computed()
    {
        using var scope = NewDisposeScope();
        using var norm = new GroupNorm(16, 4) { FirstDerivativesOnly = true };
        using var convolution = new Convolution(16, 16, 3, new Initializer(1)) { FirstDerivativesOnly = true };
        var parameters = norm.parameters().Concat(convolution.parameters()).ToList();
        var x = randn(2, 16, 12, 12).requires_grad_();
        GradientLifetime.Take(() => convolution.OfSwish(norm, new Dual(x)).Value.sum().backward(), ofInputsOnly: true);
        Assert.NotNull(x.grad);
        Assert.Null(convolution.parameters().First().grad);

        parameters.ForEach(p => p.requires_grad = false);
        Assert.False(convolution.OfSwish(norm, new Dual(x.detach())).Value.requires_grad);
        Assert.True(convolution.OfSwish(norm, new Dual(x.detach()), shortcut: new Dual(x)).Value.requires_grad);
    }

    [Avx2Fact]
    public void A_gradient_goes_along_the_shortcut_unchanged()
    {
        using var scope = NewDisposeScope();
        using var norm = new GroupNorm(16, 4) { FirstDerivativesOnly = true };
        using var convolution = new Convolution(16, 16, 3, new Initializer(1)) { FirstDerivativesOnly = true };
        var (x, beside, toward) = (randn(2, 16, 12, 12), randn(2, 16, 12, 12).requires_grad_(), randn(2, 16, 12, 12));
        GradientLifetime.Take(() => (convolution.OfSwish(norm, new Dual(x), shortcut: new Dual(beside)).Value * toward).sum().backward());
        Assert.True(beside.grad!.equal(toward).all().item<bool>());
    }

    private static void Compare(ConvolutionShape shape, int groups, bool pair, Added offsets, Added shortcut, double dropout)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        Tensor Draw(params long[] sizes) => randn(sizes, dtype: float64, generator: generator);
        long[] of = [shape.Images, shape.Outputs, shape.Height, shape.Width], from = [shape.Images, shape.Inputs, shape.Height, shape.Width];
        Tensor[] toward = [Draw(of), Draw(of)];
        (string Name, Tensor Value)[] leaves =
        [
            ("x", Draw(from) + 1), ("t", Draw(from)), ("offsets", Draw(shape.Images, shape.Outputs)), ("offsets'", Draw(shape.Images, shape.Outputs)),
            ("shortcut", Draw(of)), ("shortcut'", Draw(of)),
        ];
        Gradients.AssertClose(Run(float64), Run(float32), Tolerance);

        Dictionary<string, Tensor> Run(ScalarType dtype)
        {
            var norm = new GroupNorm(shape.Inputs, groups) { FirstDerivativesOnly = true };
            var convolution = new Convolution(shape.Inputs, shape.Outputs, 3, new Initializer(1)) { FirstDerivativesOnly = true };
            using (norm)
            using (convolution)
            {
                using (no_grad())
                {
                    using var weights = new Generator(8);
                    foreach (var p in norm.parameters().Concat(convolution.parameters()))
                        p.copy_(randn(p.shape, dtype: float32, generator: weights));
                }
                norm.to(dtype);
                convolution.to(dtype);
                var own = leaves.ToDictionary(l => l.Name, l => l.Value.to(dtype).clone().requires_grad_());
                Dual? Of(string name, Added added) => added switch
                {
                    Added.Nothing => null,
                    Added.Values => new Dual(own[name]),
                    _ => new Dual(own[name], own[name + "'"]),
                };
                var x = new Dual(own["x"], pair ? own["t"] : null);
                Assert.Equal(dtype == float32, WinogradConvolution.Takes(x.Value, convolution.parameters().First()));
                var y = convolution.OfSwish(norm, x, dropout > 0 ? new Dropout(dropout, 5) : null, Of("offsets", offsets), Of("shortcut", shortcut));
                if (y.Tangent is { } tangent)
                    y = y with { Tangent = tangent.expand_as(y.Value) };
                var parameters = norm.named_parameters().Concat(convolution.named_parameters());
                return Gradients.Of(y, toward, [.. own.Select(l => (l.Key, l.Value)), .. parameters.Select((p, i) => ($"{i}", (Tensor)p.parameter))]);
            }
        }
    }
}
