using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>
/// The classes that the images of a step are shown with. Some labels are left out, so that one model learns p(x | c) and p(x) (Ho and Salimans,
/// 2022). Which ones is a function of the seed and the step: a resumed training goes on where it was.
/// </summary>
/// <param name="images">The training images.</param>
/// <param name="dropout">The share of images that are shown without their label.</param>
/// <param name="seed">Decides which.</param>
internal sealed class BatchLabels(PixelTable images, double dropout, ulong seed)
{
    /// <summary>Fills <paramref name="classes"/> with the classes of the images at <paramref name="rows"/>; 0: shown without.</summary>
    public void Fill(long step, ReadOnlySpan<int> rows, Span<float> classes)
    {
        for (int i = 0; i < rows.Length; i++)
            classes[i] = IsDropped(step, i) ? 0 : images.ClassOf(rows[i]);
    }

    /// <summary>Whether the label of image <paramref name="position"/> of a batch is left out.</summary>
    internal bool IsDropped(long step, int position)
    {
        const double unit = 1.0 / (1L << 53);
        return (Seeds.Mix(seed, (ulong)step, (ulong)position) >> 11) * unit < dropout;
    }
}
