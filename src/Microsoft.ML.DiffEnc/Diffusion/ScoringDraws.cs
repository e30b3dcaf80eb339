using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// The numbers and noise on which an image is scored. They depend on the seed and on the image's own pixels alone, so a score does not
/// depend on the company an image is in, and different images have independent draws.
/// </summary>
/// <param name="Count">K, the number of independent draw sets for each image.</param>
/// <param name="TimesPerDraw">M, the low-discrepancy numbers in [0, 1) in one set, each of which becomes a time.</param>
/// <param name="Seed">The scoring seed.</param>
internal sealed record ScoringDraws(int Count, int TimesPerDraw, int Seed)
{
    /// <summary>Some of the draws of one image.</summary>
    /// <param name="pixels">The image, which decides them.</param>
    /// <param name="shape">[C, H, W].</param>
    /// <param name="first">The first set, from 0.</param>
    /// <param name="count">k, the number of sets.</param>
    /// <returns>uniform [k·M] in double precision, eps0 [k, C, H, W] and eps [k·M, C, H, W] in single; draw by draw.</returns>
    public (Tensor Uniform, Tensor Eps0, Tensor Eps) For(ReadOnlySpan<byte> pixels, long[] shape, int first, int count)
    {
        using var scope = NewDisposeScope();
        ulong image = Seeds.Hash(pixels);
        var uniform = new Tensor[count];
        var noise = new Tensor[count];
        for (int k = 0; k < count; k++)
        {
            using var generator = new Generator(Seeds.Mix((ulong)Seed, image, (ulong)(first + k)), CPU);
            uniform[k] = LowDiscrepancy.Times(rand(1, dtype: float64, generator: generator), TimesPerDraw);
            noise[k] = randn([1 + TimesPerDraw, .. shape], dtype: float32, generator: generator);
        }
        var all = stack(noise); // [k, 1 + M, C, H, W]
        return (cat(uniform).MoveToOuterDisposeScope(),
            all.select(1, 0).contiguous().MoveToOuterDisposeScope(),
            all.narrow(1, 1, TimesPerDraw).flatten(0, 1).contiguous().MoveToOuterDisposeScope());
    }

    /// <summary>Some of the draws of several images in a row: number n is draw n mod K of image n div K.</summary>
    /// <param name="pixels">The images, one after the other.</param>
    /// <param name="shape">[C, H, W].</param>
    /// <param name="first">The first number.</param>
    /// <param name="count">k, how many.</param>
    /// <returns>The image of each draw, [k], and eps0 [k, C, H, W] and eps [k·M, C, H, W] in single precision.</returns>
    public (Tensor Image, Tensor Eps0, Tensor Eps) ForSeveral(ReadOnlySpan<byte> pixels, long[] shape, int first, int count)
    {
        using var scope = NewDisposeScope();
        int size = (int)(shape[0] * shape[1] * shape[2]), end = first + count;
        List<Tensor> eps0 = [], eps = [];
        for (int at = first, now; at < end; at += now)
        {
            now = Math.Min(Count - at % Count, end - at);
            var (_, some0, some) = For(pixels.Slice(at / Count * size, size), shape, at % Count, now);
            eps0.Add(some0);
            eps.Add(some);
        }
        long[] images = [.. Enumerable.Range(first, count).Select(n => (long)(n / Count))];
        return (tensor(images).MoveToOuterDisposeScope(), cat(eps0).MoveToOuterDisposeScope(), cat(eps).MoveToOuterDisposeScope());
    }
}
