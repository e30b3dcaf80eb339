using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;

namespace Microsoft.ML.DiffEnc.Transformers.Repair;

/// <summary>Finds where in an image the model finds most amiss: the same smoothed loss that anomaly maps show.</summary>
internal static class AnomalousPlaces
{
    /// <summary>The places of an image with the most diffusion loss.</summary>
    /// <param name="model">The model, with nobody else using it.</param>
    /// <param name="pixels">The image, channels first.</param>
    /// <param name="share">How many of all places, above 0 and below 1: at least one of them.</param>
    /// <param name="seed">Decides the noise, with the image's pixels.</param>
    /// <param name="unknown">Height × width places: set to true or false.</param>
    public static void Find(DiffEncModel model, ReadOnlySpan<byte> pixels, double share, int seed, Span<bool> unknown)
    {
        var profile = new AnomalyOptions().Profile(seed);
        var map = new float[unknown.Length];
        new ProfileExtractor(model, profile).Extract(pixels, new double[profile.Size], map);
        AnomalyMap.Smooth(map, model.Description.Width, model.Description.Height);
        int count = Math.Max(1, (int)Math.Round(share * map.Length));
        unknown.Clear();
        foreach (int place in Enumerable.Range(0, map.Length).OrderByDescending(i => map[i]).Take(count)) // stable: of equal ones the first
            unknown[place] = true;
    }
}
