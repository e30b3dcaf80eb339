using System.Text.Json;
using Microsoft.ML.DiffEnc.Evaluation.Reports;

namespace Microsoft.ML.DiffEnc;

/// <summary>
/// How likely a model finds a set of images, with every error stated, and all that is needed to make it again. In bits per dimension where
/// nothing else is said.
/// </summary>
/// <remarks>
/// Every image has draws of its own, decided by its pixels and the seed: errors over draws are independent from image to image, unless two
/// images are identical, byte by byte, or two draws meet by chance: the CPU's generator keeps 32 bits of a seed, so one pair in 4·10⁹ has the same noise.
/// </remarks>
public sealed class LikelihoodReport
{
    /// <summary>The percentiles that are written to files.</summary>
    private static readonly double[] _percents = [0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 100];

    private float[]? _sorted;

    /// <param name="scoring">All settings of the scoring, as a saved model holds them.</param>
    /// <param name="model">The model's description, as a saved model holds it.</param>
    internal LikelihoodReport(JsonElement scoring, JsonElement model) => (Scoring, Model) = (scoring, model);

    /// <summary>The images in the order of the data, one entry for every row.</summary>
    public required IReadOnlyList<Likelihood> Images { get; init; }

    /// <summary>The bound on −log₂ p(x)/d.</summary>
    public required LossEstimate BitsPerDimension { get; init; }

    /// <summary>L0. Errors of parts do not add up to that of the bound: parts of one image go together.</summary>
    public required LossEstimate ReconstructionLoss { get; init; }

    /// <summary>L1; it has no draws.</summary>
    public required LossEstimate LatentLoss { get; init; }

    /// <summary>The diffusion loss: L∞ in continuous time.</summary>
    public required LossEstimate DiffusionLoss { get; init; }

    /// <summary>The bound on −log p(x), in nats per image.</summary>
    public required LossEstimate NatsPerImage { get; init; }

    /// <summary>
    /// The diffusion loss over time, from the same evaluations as <see cref="DiffusionLoss"/>: strata of equal width that cover [0, 1].
    /// </summary>
    public required IReadOnlyList<LossStratum> DiffusionLossOverTime { get; init; }

    /// <summary>K, the independent sets of draws of each image.</summary>
    public required int Draws { get; init; }

    /// <summary>M, the times in a set.</summary>
    public required int TimesPerDraw { get; init; }

    /// <summary>The scoring seed.</summary>
    public required int Seed { get; init; }

    /// <summary>How the diffusion loss is estimated.</summary>
    public required string Estimator { get; init; }

    internal JsonElement Scoring { get; }

    internal JsonElement Model { get; }

    internal IEnumerable<(double Percent, double BitsPerDimension)> Percentiles => _percents.Select(p => (p, Percentile(p)));

    /// <summary>The bits per dimension below which a share of the images lies, interpolated linearly between neighbours; 50: the median.</summary>
    /// <param name="percent">0 (the least) to 100 (the most).</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not in 0..100.</exception>
    public double Percentile(double percent)
    {
        if (!(percent is >= 0 and <= 100))
            throw new ArgumentOutOfRangeException(nameof(percent), percent, "A percentile is from 0 to 100.");
        _sorted ??= [.. Images.Select(image => image.BitsPerDimension).Order()];
        double place = percent / 100 * (_sorted.Length - 1);
        int below = (int)place, above = Math.Min(below + 1, _sorted.Length - 1);
        return _sorted[below] + (place - below) * ((double)_sorted[above] - _sorted[below]);
    }

    /// <summary>Writes all but the single images as JSON; what is undefined (NaN) is null. The file appears when it is whole.</summary>
    /// <param name="path">The file; its folder is made where it is missing, and an older file replaced.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void SaveJson(string path) => ReportFiles.SaveJson(this, path);

    /// <summary>Writes a line for every image as CSV, in the order of the data. The file appears when it is whole.</summary>
    /// <inheritdoc cref="SaveJson"/>
    public void SaveImagesCsv(string path) => ReportFiles.SaveImagesCsv(this, path);

    /// <summary>Writes a line for every stratum of <see cref="DiffusionLossOverTime"/> as CSV. The file appears when it is whole.</summary>
    /// <inheritdoc cref="SaveJson"/>
    public void SaveCurveCsv(string path) => ReportFiles.SaveCurveCsv(this, path);
}
