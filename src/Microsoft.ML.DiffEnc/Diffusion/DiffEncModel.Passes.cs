using Microsoft.ML.DiffEnc.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc;

/// <content>How many evaluations of the networks go through them at once.</content>
public sealed partial class DiffEncModel
{
    // Measured on the CPU (docs/performance.md): 16 evaluations fill a pass and 8 come near it; more than 64 give nothing.
    private const int FullOnCpu = 8, MostOnCpu = 64, MostOnGpu = 512;

    // What the denoiser keeps of one pass, about: 1 GiB of numbers in single precision on the CPU, 8 on a GPU.
    private const long MostActivationsOnCpu = 1L << 28, MostActivationsOnGpu = 1L << 31;

    /// <summary>
    /// Evaluations of the networks in one pass: enough to fill the hardware; what is more goes into further passes, and memory stays bounded, for
    /// large images too.
    /// </summary>
    internal int EvaluationsPerPass
        => EvaluationsOf(ActivationsOfOne, onCpu: Device.type == DeviceType.CPU);

    /// <summary>The least evaluations in a pass that make full use of the hardware.</summary>
    internal int EvaluationsOfFullPass => Device.type == DeviceType.CPU ? Math.Min(FullOnCpu, EvaluationsPerPass) : EvaluationsPerPass;

    /// <summary>Told of the images of each evaluation of a network before it starts: of all of them, or of some where memory has run out before.</summary>
    internal Action<BatchSlice>? EvaluationStarting { set => _denoiser.Passes.Starting = _encoder.Passes.Starting = value; }

    /// <summary>Evaluations in a pass, of which each keeps so many numbers.</summary>
    internal static int EvaluationsOf(long activations, bool onCpu)
        => (int)Math.Clamp((onCpu ? MostActivationsOnCpu : MostActivationsOnGpu) / activations, 1, onCpu ? MostOnCpu : MostOnGpu);

    /// <summary>What a network makes of many evaluations, one beside the other: in one pass where they fit into it, else pass by pass.</summary>
    /// <param name="evaluations">How many there are.</param>
    /// <param name="pass">Computes some of them; its rows are theirs.</param>
    internal Tensor InPasses(long evaluations, Func<BatchSlice, Tensor> pass)
        => BatchSlice.Whole((int)evaluations).InPieces(EvaluationsPerPass, some => [pass(some)])[0];

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
