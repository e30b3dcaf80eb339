using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Draws images from the model.</summary>
internal static class Sampler
{
    // Images are made a few at a time, so that memory does not grow with their number.
    private const int ImagesPerPass = 64;

    /// <summary>z_1 ~ N(0, I), then the sampler's steps to z_0, then the most probable pixels or a draw of them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="options">How; its own seed is not looked at.</param>
    /// <param name="seed">Decides the noise: image i is the same whatever the count, up to rounding.</param>
    /// <returns><paramref name="count"/> images, channels first, one byte a value.</returns>
    public static byte[] Generate(DiffEncModel model, int count, GenerationOptions options, int seed)
    {
        int size = model.Description.Dimensions;
        var pixels = new byte[checked(count * size)];
        var step = SamplerStep.Create(options.Sampler, model.Process(options.Class ?? 0, options.Guidance));
        using var noGradients = no_grad();
        for (int done = 0; done < count; done += ImagesPerPass)
        {
            using var scope = NewDisposeScope();
            using var noise = new ImageNoise(model, (ulong)seed, done, Math.Min(ImagesPerPass, count - done));
            int finished = done;
            var z0 = Run(step, noise.Normal(), options.Steps, noise.Normal,
                i => options.Progress?.Report(new GenerationProgress(i, options.Steps, finished, count)), options.CancellationToken);
            var image = options.SamplePixels ? model.DrawPixels(z0, noise.Uniform()) : model.Decode(z0);
            image.cpu().contiguous().data<byte>().ToArray().CopyTo(pixels.AsSpan(done * size));
        }
        return pixels;
    }

    /// <summary>z_0 from z_1: all steps, t = 1 to 0.</summary>
    /// <param name="sampler">The sampler.</param>
    /// <param name="z1">[B, C, H, W], left as it is.</param>
    /// <param name="steps">T.</param>
    /// <param name="noise">Standard normal noise of a step, [B, C, H, W].</param>
    /// <param name="stepped">Told how many steps are done after each.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    public static Tensor Run(
        SamplerStep sampler, Tensor z1, int steps, Func<Tensor> noise, Action<int>? stepped = null, CancellationToken cancellationToken = default)
    {
        using var scope = NewDisposeScope();
        var z = z1.alias();
        for (int i = 0; i < steps; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using (ComputeSection.Enter())
            {
                using var step = NewDisposeScope();
                var eps = sampler.IsRandom ? noise() : null;
                var next = sampler.Next(z, (double)(steps - i) / steps, (steps - i - 1.0) / steps, eps).MoveToOuterDisposeScope();
                z.Dispose();
                z = next;
            }
            stepped?.Invoke(i + 1);
        }
        return z.MoveToOuterDisposeScope();
    }
}
