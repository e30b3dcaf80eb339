using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Transformers.Repair;

namespace Microsoft.ML.DiffEnc;

/// <content>Parts of images drawn anew.</content>
public sealed partial class DiffEncTransformer
{
    /// <summary>Draws a part of an image anew, given the rest.</summary>
    /// <param name="image">The image, of the model's size.</param>
    /// <param name="mask">
    /// Of the same size: where it is at least as bright as <see cref="RepairOptions.MaskThreshold"/>, pixels are drawn. <see langword="null"/>: they
    /// are drawn where the image has the most diffusion loss, <see cref="RepairOptions.AnomalousShare"/> of it.
    /// </param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <returns>The image, which belongs to the caller, with its other pixels as they were (as grey ones, of a model of grey images).</returns>
    /// <exception cref="ArgumentException">The image or the mask has another size; or an option is out of its range, the message names
    /// it.</exception>
    /// <exception cref="InvalidOperationException">A class is asked for, and the model was trained without labels.</exception>
    /// <exception cref="OperationCanceledException">Cancelled by the token in the options.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public MLImage Repair(MLImage image, MLImage? mask = null, RepairOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        var (settings, plan) = RepairSettings.From(options ?? new RepairOptions(), this, maskColumnName: mask is null ? null : nameof(mask));
        byte[] pixels = MLImages.ToPixels(image, ImageColumn, nameof(image));
        byte[] masks = mask is null ? [] : MLImages.ToPixels(mask, MaskColumn.Of(nameof(mask), this), nameof(mask));
        return MLImages.FromPixels(Repair(pixels, masks, settings, plan), ImageColumn.Width, ImageColumn.Height);
    }

    /// <summary>Repairs images; those of which nothing is to be repaired stay as they are and cost nothing.</summary>
    /// <param name="pixels">Images, channels first.</param>
    /// <param name="masks">Their masks, one byte a place; empty: the places with the most loss.</param>
    /// <param name="settings">What is repaired.</param>
    /// <param name="plan">How.</param>
    internal byte[] Repair(byte[] pixels, byte[] masks, RepairSettings settings, RepairPlan plan) => Compute(model =>
    {
        int size = ImageColumn.ValuesPerImage, places = ImageColumn.Width * ImageColumn.Height, seed = settings.Generation.Seed;
        bool[] unknown = Array.ConvertAll(masks, v => v >= settings.MaskThreshold);
        if (settings.MaskColumnName is null)
        {
            unknown = new bool[pixels.Length / size * places];
            plan.Generation.CancellationToken.ThrowIfCancellationRequested();
            AnomalousPlaces.Find(model, pixels, settings.AnomalousShare, Settings.Seed, unknown);
        }
        int[] damaged = [.. Enumerable.Range(0, pixels.Length / size).Where(i => unknown.AsSpan(i * places, places).Contains(true))];
        if (damaged.Length == 0)
            return pixels;
        byte[] of = [.. damaged.SelectMany(i => new ArraySegment<byte>(pixels, i * size, size))];
        bool[] at = [.. damaged.SelectMany(i => new ArraySegment<bool>(unknown, i * places, places))];
        byte[] drawn = Repairer.Repair(model, of, at, plan, seed, Grid), result = [.. pixels];
        for (int k = 0; k < damaged.Length; k++)
            drawn.AsSpan(k * size, size).CopyTo(result.AsSpan(damaged[k] * size));
        return result;
    });
}
