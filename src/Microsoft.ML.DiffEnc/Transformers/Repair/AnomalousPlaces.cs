using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;

namespace Microsoft.ML.DiffEnc.Transformers.Repair;

/// <summary>Finds where in an image the model finds most amiss: the same smoothed loss that anomaly maps show.</summary>
internal static class AnomalousPlaces
{
    /// <summary>The places of each image with the most diffusion loss.</summary>
    /// <param name="model">The model, with nobody else using it.</param>
    /// <param name="pixels">Images, channels first.</param>
    /// <param name="share">How many of all places of an image, above 0 and below 1: at least one of them.</param>
    /// <param name="seed">Decides the noise, with the image's pixels.</param>
    /// <param name="unknown">Height × width places of each image: set to true or false.</param>
    public static void Find(DiffEncModel model, ReadOnlySpan<byte> pixels, double share, int seed, Span<bool> unknown)
    {
        var profile = new AnomalyOptions().Profile(seed);
        var d = model.Description;
        int images = pixels.Length / d.Dimensions, places = d.Width * d.Height, count = Math.Max(1, (int)Math.Round(share * places));
        var maps = new float[unknown.Length];
        new ProfileExtractor(model, profile).Extract(pixels, images, new double[images * profile.Size], maps);
        unknown.Clear();
        for (int i = 0; i < images; i++)
        {
            float[] map = maps[(i * places)..((i + 1) * places)];
            AnomalyMap.Smooth(map, d.Width, d.Height);
            foreach (int place in Enumerable.Range(0, places).OrderByDescending(at => map[at]).Take(count)) // stable: of equal ones the first
                unknown[i * places + place] = true;
        }
    }
}
