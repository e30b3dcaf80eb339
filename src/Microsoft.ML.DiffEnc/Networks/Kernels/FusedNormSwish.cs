using System.Runtime.Intrinsics;
using TorchSharp;
using static Microsoft.ML.DiffEnc.Networks.Kernels.TensorMemory;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>
/// Norm, swish and dropout by one kernel, which libtorch can differentiate, once.
/// </summary>
internal static unsafe class FusedNormSwish
{
    /// <summary>Whether the kernels are for such a tensor: single precision on a CPU with vectors of eight.</summary>
    public static bool Takes(Tensor x) => Vector256.IsHardwareAccelerated && x.device.type == DeviceType.CPU && x.dtype == float32;

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
        if (x.Tangent is null)
            return new Dual(KernelFunction.Apply(call, value, weight, bias)[0]).MoveToOuterDisposeScope();
        var pair = KernelFunction.Apply(call, value, x.TangentOrZero().contiguous(), weight, bias);
        return new Dual(pair[0], pair[1]).MoveToOuterDisposeScope();
    }

    /// <summary>A value, or a value and its tangent; then weight and bias.</summary>
    private sealed class Call(NormShape shape, double epsilon, DropoutMask? mask) : IKernelCall
    {
        private float[] _statistics = [];

        public List<Tensor> Forward(IReadOnlyList<Tensor> inputs)
            => inputs.Count == 3 ? [Forward(inputs[0], inputs[1], inputs[2])] : Forward(inputs[0], inputs[1], inputs[2], inputs[3]);

        public List<Tensor?> Backward(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> gradients) => inputs.Count == 3
            ? Backward(inputs[0], inputs[1], inputs[2], gradients[0])
            : Backward(inputs[0], inputs[1], inputs[2], inputs[3], gradients[0], gradients[1]);

        private Tensor Forward(Tensor x, Tensor weight, Tensor bias)
        {
            _statistics = new float[shape.Pieces * NormSwishKernel.StatisticsPerPiece];
            var y = empty_like(x);
            NormSwishKernel.Forward(shape, epsilon, mask, At(x), At(weight), At(bias), At(y), _statistics);
            return y;
        }

        private List<Tensor> Forward(Tensor x, Tensor tangent, Tensor weight, Tensor bias)
        {
            _statistics = new float[shape.Pieces * NormSwishPairKernel.StatisticsPerPiece];
            var (y, dy) = (empty_like(x), empty_like(x));
            NormSwishPairKernel.Forward(shape, epsilon, mask, At(x), At(tangent), At(weight), At(bias), At(y), At(dy), _statistics);
            return [y, dy];
        }

        /// <returns>The gradients of x, weight and bias.</returns>
        private List<Tensor?> Backward(Tensor x, Tensor weight, Tensor bias, Tensor gradient)
        {
            var (dx, dw, db) = (empty_like(x), PerImage(), PerImage());
            NormSwishKernel.Backward(
                shape, mask, At(x), At(weight), At(bias), At(gradient.contiguous()), _statistics, At(dx), At(dw), At(db));
            return [dx, dw.sum([0L]), db.sum([0L])];
        }

        /// <returns>The gradients of x, its tangent, weight and bias.</returns>
        private List<Tensor?> Backward(Tensor x, Tensor tangent, Tensor weight, Tensor bias, Tensor ofValue, Tensor ofTangent)
        {
            var (dx, dt, dw, db) = (empty_like(x), empty_like(x), PerImage(), PerImage());
            NormSwishPairKernel.Backward(
                shape, mask, At(x), At(tangent), At(weight), At(bias), At(ofValue.contiguous()), At(ofTangent.contiguous()), _statistics,
                At(dx), At(dt), At(dw), At(db));
            return [dx, dt, dw.sum([0L]), db.sum([0L])];
        }

        private Tensor PerImage() => empty(shape.Images, shape.Channels);
    }
}
