using Microsoft.ML.DiffEnc.Interop;
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
    public static bool Takes(Tensor x) => Simd.IsAvailable && x.device.type == DeviceType.CPU && x.dtype == float32;

    /// <param name="x">[B, C, H, W], with or without a tangent.</param>
    /// <param name="norm">The weights and settings.</param>
    public static Dual Apply(Dual x, NormSwish norm)
    {
        using var scope = NewDisposeScope();
        return Dual.Of(KernelFunction.Apply(new Call(NormSwishKernel.Of(x, norm)), [.. x.Halves(), norm.Weight, norm.Bias])).MoveToOuterDisposeScope();
    }

    /// <summary>A value, or a value and its tangent; then weight and bias.</summary>
    private sealed class Call(NormSwishKernel kernel) : IKernelCall
    {
        private NormShape Shape => kernel.Shape;

        public List<Tensor> Forward(IReadOnlyList<Tensor> inputs)
        {
            List<Tensor> outputs = [.. inputs.SkipLast(2).Select(x => empty_like(x))];
            var (x, y) = (DualMemory.Of([.. inputs.SkipLast(2)]), DualMemory.Of(outputs));
            float* w = At(inputs[^2]), b = At(inputs[^1]);
            EachPiece((image, group) =>
            {
                kernel.Measure(image, group, x);
                for (int channel = Shape.FirstChannel(group); channel < Shape.FirstChannel(group + 1); channel++)
                    kernel.Forward(image, channel, x, w, b, y.From(Shape.Offset(image, channel)));
            });
            return outputs;
        }

        public List<Tensor?> Backward(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> gradients)
        {
            List<Tensor?> ofInputs = [.. inputs.SkipLast(2).Select(x => empty_like(x))];
            Tensor ofWeight = New(Shape.Images, Shape.Channels), ofBias = empty_like(ofWeight);
            var (x, dy, dx) = (DualMemory.Of([.. inputs.SkipLast(2)]), DualMemory.Of([.. gradients.Select(g => g.contiguous())]), DualMemory.Of(ofInputs!));
            float* w = At(inputs[^2]), b = At(inputs[^1]), dw = At(ofWeight), db = At(ofBias);
            EachPiece((image, group) => kernel.Backward(image, group, x, w, b, dy, dx, dw, db));
            return [.. ofInputs, ofWeight.sum([0L]), ofBias.sum([0L])];
        }

        private void EachPiece(Action<int, int> compute) => ComputeThreads.For(Shape.Pieces, piece =>
        {
            var (image, group) = Math.DivRem(piece, Shape.Groups);
            compute(image, group);
        });
    }
}
