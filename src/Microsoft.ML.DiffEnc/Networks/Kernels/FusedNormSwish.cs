using TorchSharp;
using static Microsoft.ML.DiffEnc.Networks.Kernels.TensorMemory;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// The kernels as operations on tensors that libtorch can differentiate, once: the gradients are computed by hand and have no graph of their own.
/// </summary>
internal static unsafe class FusedNormSwish
{
    /// <summary>Whether the kernels are for such a tensor: single precision on the CPU.</summary>
    public static bool Takes(Tensor x) => x.device.type == DeviceType.CPU && x.dtype == float32;

    /// <param name="x">[B, C, H, W], with or without a tangent.</param>
    /// <param name="weight">[C].</param>
    /// <param name="bias">[C].</param>
    /// <param name="groups">Of the norm.</param>
    /// <param name="epsilon">Of the norm.</param>
    /// <param name="mask">A dropout mask behind the swish.</param>
    public static Dual Apply(Dual x, Tensor weight, Tensor bias, long groups, double epsilon, DropoutMask? mask)
    {
        using var scope = NewDisposeScope();
        var value = x.Value.contiguous();
        var shape = new NormShape((int)value.size(0), (int)value.size(1), (int)(value.size(2) * value.size(3)), (int)groups);
        var call = new Call(shape, epsilon, mask);
        bool records = is_grad_enabled() && (weight.requires_grad || value.requires_grad || x.Tangent is { requires_grad: true });
        if (x.Tangent is null)
            return new Dual(records ? ValueFunction.apply(call, value, weight, bias) : call.Forward(value, weight, bias)).MoveToOuterDisposeScope();
        var tangent = x.TangentOrZero().contiguous();
        var pair = records ? PairFunction.apply(call, value, tangent, weight, bias) : call.Forward(value, tangent, weight, bias);
        return new Dual(pair[0], pair[1]).MoveToOuterDisposeScope();
    }

    /// <summary>One call of a kernel, and what its backward pass needs to know.</summary>
    private sealed class Call(NormShape shape, double epsilon, DropoutMask? mask)
    {
        private float[] _statistics = [];

        public Tensor Forward(Tensor x, Tensor weight, Tensor bias)
        {
            _statistics = new float[shape.Pieces * NormSwishKernel.StatisticsPerPiece];
            var y = empty_like(x);
            NormSwishKernel.Forward(shape, epsilon, mask, At(x), At(weight), At(bias), At(y), _statistics);
            return y;
        }

        public List<Tensor> Forward(Tensor x, Tensor tangent, Tensor weight, Tensor bias)
        {
            _statistics = new float[shape.Pieces * NormSwishPairKernel.StatisticsPerPiece];
            var (y, dy) = (empty_like(x), empty_like(x));
            NormSwishPairKernel.Forward(shape, epsilon, mask, At(x), At(tangent), At(weight), At(bias), At(y), At(dy), _statistics);
            return [y, dy];
        }

        /// <returns>The gradients of x, weight and bias.</returns>
        public List<Tensor?> Backward(Tensor x, Tensor weight, Tensor bias, Tensor gradient)
        {
            var (dx, dw, db) = (empty_like(x), PerImage(), PerImage());
            NormSwishKernel.Backward(
                shape, mask, At(x), At(weight), At(bias), At(gradient.contiguous()), _statistics, At(dx), At(dw), At(db));
            return [dx, dw.sum([0L]), db.sum([0L])];
        }

        /// <returns>The gradients of x, its tangent, weight and bias.</returns>
        public List<Tensor?> Backward(Tensor x, Tensor tangent, Tensor weight, Tensor bias, Tensor ofValue, Tensor ofTangent)
        {
            var (dx, dt, dw, db) = (empty_like(x), empty_like(x), PerImage(), PerImage());
            NormSwishPairKernel.Backward(
                shape, mask, At(x), At(tangent), At(weight), At(bias), At(ofValue.contiguous()), At(ofTangent.contiguous()), _statistics,
                At(dx), At(dt), At(dw), At(db));
            return [dx, dt, dw.sum([0L]), db.sum([0L])];
        }

        private Tensor PerImage() => empty(shape.Images, shape.Channels);
    }

    private sealed class ValueFunction : autograd.SingleTensorFunction<ValueFunction>
    {
        public override string Name => "NormSwish";

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (call, x, weight, bias) = ((Call)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[3]);
            ctx.save_for_backward([x, weight, bias]);
            ctx.save_data(nameof(Call), call);
            ctx.set_materialize_grads(false);
            return call.Forward(x, weight, bias);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => GradientLifetime.Compute(
            ctx, [grad_output], (saved, given) => ((Call)ctx.get_data(nameof(Call))).Backward(saved[0], saved[1], saved[2], given[0]));
    }

    private sealed class PairFunction : autograd.MultiTensorFunction<PairFunction>
    {
        public override string Name => "NormSwishPair";

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (call, x, tangent, weight, bias) = ((Call)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Tensor)vars[3], (Tensor)vars[4]);
            ctx.save_for_backward([x, tangent, weight, bias]);
            ctx.save_data(nameof(Call), call);
            ctx.set_materialize_grads(false);
            return call.Forward(x, tangent, weight, bias);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs) => GradientLifetime.Compute(
            ctx, grad_outputs, (saved, given) => ((Call)ctx.get_data(nameof(Call))).Backward(saved[0], saved[1], saved[2], saved[3], given[0], given[1]));
    }
}
