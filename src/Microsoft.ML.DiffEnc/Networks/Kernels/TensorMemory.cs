using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>Where tensors have their numbers.</summary>
internal static unsafe class TensorMemory
{
    /// <summary>The first number of a contiguous tensor in single precision on the CPU; valid as long as the tensor.</summary>
    public static float* At(Tensor tensor)
    {
        using var first = tensor.numel() * sizeof(float) > int.MaxValue ? tensor.view(-1).narrow(0, 0, 1).DetachFromDisposeScope() : null; // a span ends at 2 GiB
        fixed (byte* start = (first ?? tensor).bytes) // native memory: nothing moves it
            return (float*)start;
    }
}
