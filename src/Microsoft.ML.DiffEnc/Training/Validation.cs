using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>
/// The bound of images that are not trained on, always at the same draws, so that its course can be followed: that of log p(x | c) for images with
/// labels.
/// </summary>
internal sealed class Validation
{
    /// <summary>At most so many images, evenly spread over the set: it is looked at again and again.</summary>
    public const int MostImages = 256;

    private const int MostBytes = 1 << 28;
    private const int TimesPerImage = 4;

    private readonly byte[] _pixels;
    private readonly int[] _classes;
    private readonly int _count;
    private readonly ScoringDraws _draws;
    private readonly TimeGrid? _grid;

    /// <param name="images">The images.</param>
    /// <param name="settings">
    /// How it is trained, hence which bound is looked at. The optimal variance is not known yet: there it is the bound with the posterior's.
    /// </param>
    public Validation(PixelTable images, TrainingSettings settings)
    {
        _grid = settings.Depth is { } depth ? TimeGrid.Uniform(depth, settings.VarianceWeight ?? 1) : null;
        _count = Math.Clamp(MostBytes / images.ValuesPerImage, 1, Math.Min(images.Count, MostImages));
        _draws = new ScoringDraws(1, TimesPerImage, settings.Seed);
        _pixels = new byte[_count * images.ValuesPerImage];
        int[] rows = [.. Enumerable.Range(0, _count).Select(i => (int)((long)i * images.Count / _count))];
        images.Gather(rows, _pixels);
        _classes = Array.ConvertAll(rows, images.ClassOf);
    }

    /// <summary>Bits per dimension.</summary>
    public double Evaluate(DiffEncModel model)
    {
        var results = new Likelihood[_count];
        new LikelihoodScorer(model, _draws, LikelihoodScorer.ImagesThatFillAPass(model, _draws), model.DiffusionLoss(_grid)).Score(_pixels, _count, results, classes: _classes);
        return results.Average(r => (double)r.BitsPerDimension);
    }
}
