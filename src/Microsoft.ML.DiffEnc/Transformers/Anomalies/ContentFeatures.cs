using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>The features by which images are compared: what they show, and where.</summary>
internal static class ContentFeatures
{
    // The block, the time and the cells for which distances told most (docs/studies/anomalies.md).
    private const string Block = "mid1";
    private const double Time = 0.1;
    private const int Grid = 7;

    private const int ImagesTogether = 64;

    public static FeatureExtractor Of(DiffEncModel model, int seed)
    {
        int grid = Math.Min(Grid, Math.Min(model.Description.Width, model.Description.Height));
        return new FeatureExtractor(
            model, new(RepresentationKind.DenoiserFeatures, [Time], Block, grid, FeaturePooling.Mean, Draws: 1, seed));
    }

    /// <summary>What a model remembers of the images that it was trained on.</summary>
    /// <param name="model">The trained model, with nobody else using it.</param>
    /// <param name="images">Its training images.</param>
    /// <param name="most">From how many of them, evenly spread.</param>
    /// <param name="seed">Decides the noise, with an image's own pixels.</param>
    /// <param name="cancellation">Looked at now and then.</param>
    /// <returns><see langword="null"/> where there are too few images to be neighbours.</returns>
    public static NearestNeighbours? Remember(DiffEncModel model, PixelTable images, int most, int seed, CancellationToken cancellation)
    {
        int count = Math.Min(images.Count, most);
        if (count <= NearestNeighbours.Neighbours)
            return null;
        var extractor = Of(model, seed);
        IEnumerable<float[]> Features(IEnumerable<int> rows) => rows.Chunk(ImagesTogether).SelectMany(some =>
        {
            cancellation.ThrowIfCancellationRequested();
            var values = new float[some.Length * extractor.Size];
            byte[] pixels = [.. some.SelectMany(i => images[(int)((long)i * images.Count / count)].ToArray())];
            extractor.Extract(pixels, some.Length, values);
            return values.Chunk(extractor.Size);
        });
        // The space is that of some: the features of all would take much more memory than their places in it.
        int step = Math.Max(1, count / FeatureSpace.EnoughPoints);
        float[][] first = [.. Features(Enumerable.Range(0, count).Where(i => i % step == 0))];
        var space = FeatureSpace.Fit(first);
        var others = Features(Enumerable.Range(0, count).Where(i => i % step != 0));
        return NearestNeighbours.Of(space, [.. first.Concat(others).SelectMany(features => space.Place(features))]);
    }
}
