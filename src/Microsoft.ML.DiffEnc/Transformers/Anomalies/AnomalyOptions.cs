using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc;

/// <summary>How anomalies are told.</summary>
public sealed class AnomalyOptions
{
    /// <summary>The score. Default <see cref="AnomalyScore.Profile"/>.</summary>
    public AnomalyScore Score = AnomalyScore.Profile;

    /// <summary>
    /// The wanted share of normal images that are called anomalies, above 0 and below 1. Calibration needs at least 1/share − 1 images; twice as many, and at
    /// least 12 or twice the numbers of a profile, for scores that are learned first. Default 0.05.
    /// </summary>
    public double FalsePositiveRate = 0.05;

    /// <summary>A column for the map of each image, an <c>MLImage</c> that shows where its diffusion loss is. <see langword="null"/> (default):
    /// none.</summary>
    public string? AnomalyMapColumnName;

    /// <summary>The times of the diffusion loss in the profile and in the map, in [0, 1]; 1 to 64 of them. Default: 12, evenly from 1/24 to
    /// 23/24.</summary>
    public float[] ProfileTimes = [.. Enumerable.Range(0, 12).Select(i => (i + 0.5f) / 12)];

    /// <summary>K, the noise draws at each of the <see cref="ProfileTimes"/>, 1..1000. More make profile and map steadier, and cost as much more.
    /// Default 2.</summary>
    public int ProfileDraws = 2;

    /// <summary>
    /// Whether the neighbours of an image are looked for among the images that the model was trained on too, where it remembers them
    /// (<see cref="DiffEncTrainer.Options.RememberedImages"/>): set it to <see langword="false"/> where some of these are not normal. Default
    /// <see langword="true"/>.
    /// </summary>
    public bool UseTrainingImages = true;

    /// <summary>The seed that, with an image's own pixels, decides the noise of its profile and map. <see langword="null"/> (default): the model's
    /// scoring seed.</summary>
    public int? Seed;

    /// <summary>Told after every few images, a batch of up to 64, how many are measured. Default: nobody.</summary>
    public IProgress<CalibrationProgress>? Progress;

    /// <summary>Stops the fitting between two batches of images with an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken;

    /// <summary>The profile that these options ask for.</summary>
    /// <param name="modelSeed">What decides the noise where <see cref="Seed"/> does not.</param>
    internal ProfileDescription Profile(int modelSeed) => new([.. ProfileTimes.Select(t => (double)t)], ProfileDraws, Seed ?? modelSeed);

    internal AnomalyOptions Copy()
    {
        var copy = (AnomalyOptions)MemberwiseClone();
        copy.ProfileTimes = [.. ProfileTimes ?? []];
        return copy;
    }
}
