using System.Runtime.InteropServices;
using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Draws parts of images anew, given the rest.</summary>
internal static class Repairer
{
    /// <summary>All images together, in one pass.</summary>
    /// <param name="model">The model.</param>
    /// <param name="pixels">Images one after the other, channels first, one byte a value.</param>
    /// <param name="unknown">For each of them height × width places: true where its pixels are to be drawn anew.</param>
    /// <param name="plan">How.</param>
    /// <param name="seed">Decides the noise of an image, together with its pixels and its places.</param>
    /// <param name="own">The steps that the model is evaluated in; <see langword="null"/>: in continuous time.</param>
    /// <returns>The images: known pixels as they were, the others drawn.</returns>
    public static byte[] Repair(DiffEncModel model, byte[] pixels, bool[] unknown, RepairPlan plan, int seed, TimeGrid? own)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var d = model.Description;
        int count = pixels.Length / d.Dimensions, places = d.Width * d.Height, @class = plan.Generation.Class ?? 0;
        var grid = plan.Generation.GridFor(own);
        int steps = Inpainting.CountSteps(grid, plan.Repeats);
        using var noise = new ImageNoise(model, (ulong)seed, Numbers(pixels, unknown, count));
        var (x, mask) = Start(model, pixels, unknown, count);
        using var inpainting = new Inpainting(model.Process(@class, plan.Generation.Guidance), model.EncodingOfSteps(@class), x, mask);
        var z0 = inpainting.Run(
            noise.Normal(), grid, plan.Stretch, plan.Repeats, noise.Normal,
            i => plan.Generation.Progress?.Report(new GenerationProgress(i, steps, 0, count)), plan.Generation.CancellationToken);
        var drawn = (plan.Generation.SamplePixels ? model.DrawPixels(z0, noise.Uniform()) : model.Decode(z0)).cpu().contiguous();
        var result = drawn.data<byte>().ToArray();
        for (int at = 0; at < result.Length; at++)
        {
            if (!unknown[at / d.Dimensions * places + at % places])
                result[at] = pixels[at];
        }
        return result;
    }

    /// <summary>Scaled images and, in booleans, [B, 1, H, W], what of them is unknown.</summary>
    private static (Tensor X, Tensor Unknown) Start(DiffEncModel model, byte[] pixels, bool[] unknown, int count)
    {
        using var section = ComputeSection.Enter();
        var d = model.Description;
        var x = model.Scale(tensor(pixels, [count, d.Channels, d.Height, d.Width], dtype: uint8));
        return (x, tensor(unknown, [count, 1, d.Height, d.Width]).to(model.Device));
    }

    /// <summary>An image's own number, of its known pixels and of which these are: what unknown places hold has no say in their repair.</summary>
    private static ulong[] Numbers(byte[] pixels, bool[] unknown, int count)
    {
        int size = pixels.Length / count, places = unknown.Length / count;
        return
        [
            .. Enumerable.Range(0, count).Select(i =>
            {
                ReadOnlySpan<bool> mask = unknown.AsSpan(i * places, places);
                var known = pixels.AsSpan(i * size, size).ToArray();
                for (int at = 0; at < size; at++)
                {
                    if (mask[at % places])
                        known[at] = 0;
                }
                return Seeds.Mix(Seeds.Hash(known), Seeds.Hash(MemoryMarshal.AsBytes(mask)));
            }),
        ];
    }
}
