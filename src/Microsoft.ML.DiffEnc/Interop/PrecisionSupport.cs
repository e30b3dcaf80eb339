using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>What a device makes of a <see cref="TrainingPrecision"/>.</summary>
internal static class PrecisionSupport
{
    /// <summary>Whether the CPU multiplies bfloat16 numbers: AVX512-BF16 or AMX.</summary>
    public static bool CpuHasBFloat16 { get; } = X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7
        && ((X86Base.CpuId(7, 1).Eax & 1 << 5) != 0 || (X86Base.CpuId(7, 0).Edx & 1 << 22) != 0);

    /// <summary>Refuses what this libtorch does not have, and says where the device will not be faster for it.</summary>
    /// <param name="precision">What was asked for.</param>
    /// <param name="device">Where.</param>
    /// <param name="warn">Told where the device will not be faster for it.</param>
    /// <exception cref="InvalidOperationException">This libtorch has nothing to offer for it.</exception>
    public static void Check(TrainingPrecision precision, torch.Device device, Action<string> warn)
    {
        bool onCpu = device.type == DeviceType.CPU;
        if (precision == TrainingPrecision.BFloat16 && Autocast.Problem is { } problem)
            throw new InvalidOperationException($"The option Precision is BFloat16, but {problem}. Use Float32.");
        if (precision == TrainingPrecision.BFloat16 && onCpu && !CpuHasBFloat16)
            warn("Precision is BFloat16, and this CPU has no bfloat16 arithmetic (AVX512-BF16, AMX): Float32 would be faster.");
        if (precision == TrainingPrecision.TensorFloat32 && onCpu)
            warn("Precision is TensorFloat32, which is a GPU's: on the CPU this is Float32.");
    }
}
