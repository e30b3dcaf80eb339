using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>Tensors of the kernels, in single precision on the CPU, and where they have their numbers.</summary>
internal static unsafe class TensorMemory
{
    /// <summary>A new tensor with any content, whatever type and device are the program's defaults.</summary>
    public static Tensor New(params long[] shape) => empty(shape, dtype: float32, device: CPU);

    /// <summary>The first number of a contiguous tensor in single precision on the CPU; valid as long as the tensor.</summary>
    public static float* At(Tensor tensor)
    {
        if (tensor.dtype != float32)
            throw new InvalidOperationException($"A kernel was given {tensor.dtype}; it computes with {float32}.");
        using var first = tensor.numel() * sizeof(float) > int.MaxValue ? tensor.view(-1).narrow(0, 0, 1).DetachFromDisposeScope() : null; // a span ends at 2 GiB
        fixed (byte* start = (first ?? tensor).bytes) // native memory: nothing moves it
            return (float*)start;
    }
}
