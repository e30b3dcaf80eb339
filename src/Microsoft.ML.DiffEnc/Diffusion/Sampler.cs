using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Draws images from the model.</summary>
internal static class Sampler
{
    // Images are made a few at a time, so that memory does not grow with their number.
    private const int ImagesPerPass = 64;

    /// <summary>Ancestral sampling (DiffEnc, section 3): z_1 ~ N(0, I), T steps, the most probable pixels.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="steps">T.</param>
    /// <param name="seed">Decides the noise: image i is the same whatever the count.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <returns><paramref name="count"/> images, channels first, one byte a value.</returns>
    public static byte[] Generate(DiffEncModel model, int count, int steps, int seed, CancellationToken cancellationToken)
    {
        int size = model.Description.Dimensions;
        var pixels = new byte[checked(count * size)];
        for (int done = 0; done < count; done += ImagesPerPass)
        {
            int now = Math.Min(ImagesPerPass, count - done);
            Pass(model, now, steps, (ulong)seed, done, cancellationToken).CopyTo(pixels.AsSpan(done * size));
        }
        return pixels;
    }

    private static byte[] Pass(DiffEncModel model, int count, int steps, ulong seed, int first, CancellationToken cancellationToken)
    {
        using var noGradients = no_grad();
        using var all = NewDisposeScope();
        var d = model.Description;
        var generators = new Generator[count];
        try
        {
            for (int i = 0; i < count; i++)
                generators[i] = new Generator(Seeds.Mix(seed, (ulong)(first + i)), CPU);
            Tensor Noise() => stack(generators.Select(g => randn([d.Channels, d.Height, d.Width], dtype: float32, generator: g))).to(model.DataType, model.Device);

            var z = Noise();
            for (int i = 0; i < steps; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var step = NewDisposeScope();
                var next = model.AncestralStep(z, i, steps, Noise()).MoveToOuterDisposeScope();
                z.Dispose();
                z = next;
            }
            return model.Decode(z).cpu().contiguous().data<byte>().ToArray();
        }
        finally
        {
            foreach (var generator in generators)
                generator?.Dispose();
        }
    }
}
