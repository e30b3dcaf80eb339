using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Ode;

/// <summary>
/// The noise in z_0 and the probes of the divergence. They depend on the seed and on the image's own pixels alone, as <see cref="ScoringDraws"/> do.
/// </summary>
/// <param name="Count">K, the independent draws of an image.</param>
/// <param name="Probes">P, the probes of a draw.</param>
/// <param name="Seed">The scoring seed.</param>
internal sealed record OdeDraws(int Count, int Probes, int Seed)
{
    // Other numbers than those of ScoringDraws with the same seed.
    private const ulong Purpose = 0x4F4445;

    /// <summary>Some of the draws of one image.</summary>
    /// <param name="pixels">The image, which decides them.</param>
    /// <param name="shape">[C, H, W].</param>
    /// <param name="first">The first draw, from 0.</param>
    /// <param name="count">k, the number of draws.</param>
    /// <returns>Standard normal noise [k, C, H, W] and probes of elements ±1 [k, P, C, H, W], in single precision.</returns>
    public (Tensor Eps, Tensor Probes) For(ReadOnlySpan<byte> pixels, long[] shape, int first, int count)
    {
        using var scope = NewDisposeScope();
        ulong image = Seeds.Mix(Seeds.Hash(pixels), Purpose);
        var (eps, probes) = (new Tensor[count], new Tensor[count]);
        for (int k = 0; k < count; k++)
        {
            using var generator = new Generator(Seeds.Mix((ulong)Seed, image, (ulong)(first + k)), CPU);
            eps[k] = randn(shape, dtype: float32, generator: generator);
            probes[k] = (rand([Probes, .. shape], dtype: float32, generator: generator) < 0.5).to(float32) * 2 - 1;
        }
        return (stack(eps).MoveToOuterDisposeScope(), stack(probes).MoveToOuterDisposeScope());
    }
}
