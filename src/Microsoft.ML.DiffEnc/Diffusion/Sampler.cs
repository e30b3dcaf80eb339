using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Draws images from the model.</summary>
internal static class Sampler
{
    private const int MostImagesPerPass = 64;

    /// <summary>Images are made a few at a time, so that memory does not grow with their number: up to 64, of large images fewer.</summary>
    public static int ImagesPerPass(DiffEncModel model, GenerationOptions options)
        => Math.Clamp(model.EvaluationsPerPass / (options.Guidance > 0 ? 2 : 1), 1, MostImagesPerPass);

    /// <summary>All images of a generation, pass by pass.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="options">How; its own seed is not looked at.</param>
    /// <param name="seed">Decides the noise: image i is the same whatever the count, up to rounding.</param>
    /// <param name="own">The steps that the model is evaluated in; <see langword="null"/>: in continuous time.</param>
    /// <returns><paramref name="count"/> images, channels first, one byte a value.</returns>
    public static byte[] Generate(DiffEncModel model, int count, GenerationOptions options, int seed, TimeGrid? own = null)
    {
        int size = model.Description.Dimensions;
        var pixels = new byte[checked(count * size)];
        for (int done = 0, together = ImagesPerPass(model, options); done < count; done += together)
            GeneratePass(model, done, count, options, seed, own).CopyTo(pixels.AsSpan(done * size));
        return pixels;
    }

    /// <summary>z_1 ~ N(0, I), then the sampler's steps to z_0, then the most probable pixels or a draw of them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="first">The number of the first image, a multiple of <see cref="ImagesPerPass"/>.</param>
    /// <param name="count">The number of images in all; those after this pass are left to the next.</param>
    /// <param name="options">How; its own seed is not looked at.</param>
    /// <param name="seed">As in <see cref="Generate"/>.</param>
    /// <param name="own">As in <see cref="Generate"/>.</param>
    /// <returns>The images of the pass, channels first, one byte a value.</returns>
    public static byte[] GeneratePass(DiffEncModel model, int first, int count, GenerationOptions options, int seed, TimeGrid? own = null)
    {
        ulong[] numbers = [.. Enumerable.Range(first, Math.Min(ImagesPerPass(model, options), count - first)).Select(i => (ulong)i)];
        int @class = options.Class ?? 0;
        return Draw(model, numbers, [.. numbers.Select(_ => @class)], options, seed, own, (first, count));
    }

    /// <summary>The images of given numbers, together in one pass.</summary>
    /// <param name="model">The model.</param>
    /// <param name="numbers">The number of each image, which with the seed decides its noise.</param>
    /// <param name="classes">The class of each, 0 for none.</param>
    /// <param name="options">How; its own seed and class are not looked at.</param>
    /// <param name="seed">As in <see cref="Generate"/>.</param>
    /// <param name="own">As in <see cref="Generate"/>.</param>
    /// <param name="images">How many images were made before, and how many there are in all, for the progress.</param>
    /// <returns>The images, channels first, one byte a value.</returns>
    public static byte[] Draw(
        DiffEncModel model, ReadOnlySpan<ulong> numbers, ReadOnlySpan<int> classes, GenerationOptions options, int seed, TimeGrid? own,
        (int Done, int All) images)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var grid = options.GridFor(own);
        var step = SamplerStep.Create(options.Sampler, model.Process(classes, options.Guidance));
        using var noise = new ImageNoise(model, (ulong)seed, numbers);
        var z0 = Run(step, noise.Normal(), grid, noise.Normal,
            i => options.Progress?.Report(new GenerationProgress(i, grid.Depth, images.Done, images.All)), options.CancellationToken);
        var image = options.SamplePixels ? model.DrawPixels(z0, noise.Uniform()) : model.Decode(z0);
        return image.cpu().contiguous().data<byte>().ToArray();
    }

    /// <summary>z_0 from z_1 in steps of equal length.</summary>
    public static Tensor Run(SamplerStep sampler, Tensor z1, int steps, Func<Tensor> noise) => Run(sampler, z1, TimeGrid.Uniform(steps), noise);

    /// <summary>z_0 from z_1: all steps, t = 1 to 0.</summary>
    /// <param name="sampler">The sampler.</param>
    /// <param name="z1">[B, C, H, W], left as it is.</param>
    /// <param name="grid">The steps.</param>
    /// <param name="noise">Standard normal noise of a step, [B, C, H, W].</param>
    /// <param name="stepped">Told how many steps are done after each.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    public static Tensor Run(
        SamplerStep sampler, Tensor z1, TimeGrid grid, Func<Tensor> noise, Action<int>? stepped = null, CancellationToken cancellationToken = default)
    {
        using var scope = NewDisposeScope();
        var z = z1.alias();
        for (int i = grid.Depth; i > 0; i--)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using (ComputeSection.Enter())
            {
                using var step = NewDisposeScope();
                var eps = sampler.IsRandom ? noise() : null;
                var next = sampler.Next(z, grid.Times[i], grid.Times[i - 1], eps, grid.Weights[i - 1]).MoveToOuterDisposeScope();
                z.Dispose();
                z = next;
            }
            stepped?.Invoke(grid.Depth - i + 1);
        }
        return z.MoveToOuterDisposeScope();
    }
}
