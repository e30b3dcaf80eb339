using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Networks.Kernels;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Networks.Kernels;

public class GradientLifetimeTests
{
    /// <summary>Each function of ours, given a value and a tangent of [2, 16, 16, 16].</summary>
    public static TheoryData<string> Functions => new("norm", "convolution", "norm and convolution", "attention");

    [Avx2Theory]
    [MemberData(nameof(Functions))]
    public void A_half_of_a_pair_that_no_loss_depends_on_has_no_say(string function)
    {
        using var scope = NewDisposeScope();
        var (value, tangent) = (Leaf(1), Leaf(2));
        foreach (bool ofValue in new[] { true, false })
        {
            Tensor? Gradient(bool other)
            {
                var y = Apply(function, value, tangent);
                var (used, unused) = ofValue ? (y.Value, y.Tangent!) : (y.Tangent!, y.Value);
                GradientLifetime.Take(() => (other ? used.square().sum() + 0 * unused.sum() : used.square().sum()).backward());
                var result = value.grad;
                (value.grad, tangent.grad) = (null, null);
                return result;
            }
            Assert.True(Gradient(other: true)!.allclose(Gradient(other: false)!));
        }
    }

    [Avx2Theory]
    [MemberData(nameof(Functions))]
    public void Several_passes_through_a_graph_find_what_each_needs(string function)
    {
        using var scope = NewDisposeScope();
        var (value, tangent) = (Leaf(1), Leaf(2));
        Tensor Gradient(Dual y, Tensor toward, bool last)
        {
            value.grad = null;
            GradientLifetime.Take(
                () => autograd.backward([y.Value], [toward.reshape(y.Value.shape)], retain_graph: !last, inputs: [value]), last, ofInputsOnly: true);
            return value.grad!.clone();
        }
        var shared = Apply(function, value, tangent);
        var (one, other) = (Leaf(3).detach(), Leaf(4).detach());
        var together = new[] { Gradient(shared, one, last: false), Gradient(shared, other, last: true) };
        var apart = new[] { Gradient(Apply(function, value, tangent), one, last: true), Gradient(Apply(function, value, tangent), other, last: true) };
        foreach (var (a, b) in together.Zip(apart))
            Assert.True(a.equal(b).all().item<bool>());
        Assert.False(together[0].equal(together[1]).all().item<bool>());
    }

    [Avx2Fact]
    public void An_exception_in_a_function_is_thrown_when_the_pass_is_over()
    {
        using var scope = NewDisposeScope();
        var x = Leaf(1);
        var y = KernelFunction.Apply(new Failing(), x)[0];
        var error = Assert.Throws<InvalidOperationException>(() => GradientLifetime.Take(() => (y * y).sum().backward()));
        Assert.Equal("on purpose", error.Message);
        Assert.Null(x.grad);

        var z = Leaf(2); // and the next pass is as any other
        GradientLifetime.Take(() => Apply("norm", z, Leaf(3)).Value.square().sum().backward());
        Assert.NotNull(z.grad);
    }

    [Avx2Fact]
    public void So_it_is_where_gradients_of_inputs_are_asked_for_and_libtorch_s_own_exceptions_are_exceptions_too()
    {
        using var scope = NewDisposeScope();
        var x = Leaf(1);
        var y = KernelFunction.Apply(new Failing(), x)[0];
        void Pass(Tensor f) => GradientLifetime.Take(() => autograd.backward([f], [ones_like(f)], inputs: [x]), ofInputsOnly: true);
        Assert.Equal("on purpose", Assert.Throws<InvalidOperationException>(() => Pass(3 * y)).Message);

        var tooLarge = x.sum().expand(1L << 44)[0]; // whose gradient is written out
        Assert.True(OutOfMemory.Is(Assert.ThrowsAny<Exception>(() => Pass(tooLarge))));
    }

    [LinuxFact]
    public void A_function_that_fails_in_its_forward_pass_leaves_nothing_of_the_graph_before_it()
    {
        double Kept(bool fails) => NativeMemory.Usual(() =>
        {
            double before = NativeMemory.Held().Megabytes;
            using (NewDisposeScope())
            {
                var h = randn(8, 16, 64, 64).requires_grad_();
                for (int i = 0; i < 8; i++)
                    h = h.sin(); // each saves 2 MB
                if (fails)
                    Assert.Equal("at once", Assert.Throws<InvalidOperationException>(() => KernelFunction.Apply(new FailingAtOnce(), h)).Message);
            }
            return NativeMemory.Held().Megabytes - before;
        });
        Kept(fails: true);
        Assert.InRange(Kept(fails: true), -2, Kept(fails: false) + 2);
    }

    private static Tensor Leaf(ulong seed)
    {
        using var generator = new Generator(seed);
        return randn([2, 16, 16, 16], generator: generator).requires_grad_();
    }

    private static Dual Apply(string function, Tensor value, Tensor tangent)
    {
        using var generator = new Generator(9);
        Tensor Weight(params long[] shape) => randn(shape, generator: generator).requires_grad_();
        NormSwish Norm() => new(Weight(16), Weight(16), 4, 1e-6, Mask: null);
        Dual Flat() => new(value.flatten(2).transpose(1, 2), tangent.flatten(2).transpose(1, 2));
        return function switch
        {
            "norm" => FusedNormSwish.Apply(new(value, tangent), Norm()),
            "convolution" => WinogradConvolution.Apply(new(value, tangent), Weight(16, 16, 3, 3), Weight(16)),
            "norm and convolution" => WinogradConvolution.Apply(
                new(value, tangent), Weight(16, 16, 3, 3), Weight(16), Norm(), new Dual(Weight(2, 16), Weight(2, 16)), new Dual(value, tangent)),
            _ => PairAttention.Apply(Flat(), Flat(), Flat(), 0.3),
        };
    }

    private sealed class FailingAtOnce : IKernelCall
    {
        public List<Tensor> Forward(IReadOnlyList<Tensor> inputs) => throw new InvalidOperationException("at once");

        public List<Tensor?> Backward(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> gradients) => throw new NotSupportedException();
    }

    private sealed class Failing : IKernelCall
    {
        public List<Tensor> Forward(IReadOnlyList<Tensor> inputs) => [inputs[0].clone()];

        public List<Tensor?> Backward(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> gradients) => throw new InvalidOperationException("on purpose");
    }
}
