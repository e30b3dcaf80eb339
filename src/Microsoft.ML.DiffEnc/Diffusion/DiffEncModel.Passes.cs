using TorchSharp;

namespace Microsoft.ML.DiffEnc;

/// <content>How many evaluations of the networks go through them at once.</content>
public sealed partial class DiffEncModel
{
    // Measured on the CPU (docs/performance.md): 16 evaluations fill a pass and 8 come near it; more than 64 give nothing.
    private const int FullOnCpu = 8, MostOnCpu = 64, MostOnGpu = 512;

    // What the denoiser keeps of one pass on the CPU, about: 1 GiB of numbers in single precision.
    private const long MostActivations = 1 << 28;

    /// <summary>
    /// Evaluations of the networks in one pass: enough to fill the hardware; what is more goes into further passes, and memory stays bounded, for
    /// large images too.
    /// </summary>
    internal int EvaluationsPerPass
        => Device.type == DeviceType.CPU ? (int)Math.Clamp(MostActivations / ActivationsOfOne, 1, MostOnCpu) : MostOnGpu;

    /// <summary>The least evaluations in a pass that make full use of the hardware.</summary>
    internal int EvaluationsOfFullPass => Device.type == DeviceType.CPU ? Math.Min(FullOnCpu, EvaluationsPerPass) : EvaluationsPerPass;

    /// <summary>Things in passes of nearly equal size, as few as <paramref name="most"/> in a pass allow: none is left with a small rest.</summary>
    /// <returns>How many go into a pass, at least 1; the last may have fewer.</returns>
    internal static int Evenly(int count, int most)
    {
        int passes = Math.Max(1, (count + most - 1) / most);
        return Math.Max(1, (count + passes - 1) / passes);
    }

    /// <summary>The activations that wait for the way up, and those of a block, for one image.</summary>
    private long ActivationsOfOne => (long)Description.Width * Description.Height * Description.Denoiser.Width * (Description.Denoiser.Blocks + 6);
}
