using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc;
using TorchSharp;

namespace Generation;

/// <summary>How pictures come out of noise: the model's own mathematics, one ancestral step after the other.</summary>
internal static class Denoising
{
    private const int Pictures = 4, Stages = 8;

    /// <summary>Draws z_t, as the decoder would show it, at times from 1 to 0: a row for each picture.</summary>
    /// <param name="model">The model.</param>
    /// <param name="size">An image of its size.</param>
    /// <param name="settings">The steps and the seed.</param>
    /// <param name="path">The picture.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    /// <returns>The number of stages.</returns>
    public static int Save(DiffEncModel model, MLImage size, Settings settings, string path, CancellationToken cancellation)
    {
        using var noGradients = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator((ulong)settings.Seed);
        long[] shape = [Pictures, model.NamedParameters["denoiser.conv_out.weight"].size(0), size.Height, size.Width];
        torch.Tensor Noise() => torch.randn(shape, generator: generator);

        var z = Noise();
        List<torch.Tensor> shown = [];
        for (int i = 0; i < settings.Steps; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (shown.Count < Stages - 1 && i >= shown.Count * settings.Steps / (Stages - 1))
                shown.Add(model.Decode(z));
            z = model.AncestralStep(z, i, settings.Steps, Noise());
        }
        shown.Add(model.Decode(z));
        IEnumerable<MLImage> images = Enumerable.Range(0, Pictures).SelectMany(p => shown.Select(stage => ToImage(stage[p])));
        images.SaveContactSheet(path, new() { Columns = shown.Count });
        return shown.Count;
    }

    private static MLImage ToImage(torch.Tensor pixels)
    {
        var planes = pixels.expand(3, -1, -1); // of a grey picture three times the same
        var opaque = torch.full_like(planes[0], byte.MaxValue);
        byte[] rgba = torch.stack([planes[0], planes[1], planes[2], opaque], dim: -1).contiguous().data<byte>().ToArray();
        return MLImage.CreateFromPixels((int)pixels.size(2), (int)pixels.size(1), MLPixelFormat.Rgba32, rgba);
    }
}
