using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>Where tensors have their numbers.</summary>
internal static unsafe class TensorMemory
{
    /// <summary>The first number of a contiguous tensor in single precision on the CPU; valid as long as the tensor.</summary>
    public static float* At(Tensor tensor)
    {
        fixed (byte* start = tensor.bytes) // native memory: nothing moves it
            return (float*)start;
    }
}
