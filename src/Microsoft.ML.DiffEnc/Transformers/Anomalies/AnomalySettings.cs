using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>What an <see cref="AnomalyTransformer"/> keeps besides the model and the settings of its scoring.</summary>
/// <param name="Score">By what images are told apart.</param>
/// <param name="Threshold">Images with a score above it are called anomalies.</param>
/// <param name="Calibration">The scores of the normal images that it was calibrated on, from the lowest to the highest.</param>
/// <param name="MapColumnName">The column of maps; <see langword="null"/>: none.</param>
/// <param name="Profile">How profiles and maps are taken.</param>
/// <param name="Norm">What was learned of normal images.</param>
/// <param name="MapUnit">The loss of a place that hardly any place of a normal image exceeds, in bits; it is shown as mid-grey.</param>
internal sealed record AnomalySettings(
    AnomalyScore Score,
    float Threshold,
    float[] Calibration,
    string? MapColumnName,
    ProfileDescription Profile,
    AnomalyNorm Norm,
    double MapUnit)
{
    /// <summary>
    /// The conformal p-value: the share of normal images at least as unusual, the image itself among them. Whatever the score, at most a share p of
    /// normal images has a value of at most p (Vovk et al., 2005). A score that is no number is more unusual than any.
    /// </summary>
    public float PValue(float score)
    {
        int below = FirstAtLeast(score);
        return (float)((Calibration.Length - below + 1.0) / (Calibration.Length + 1));
    }

    public void Write(Stream stream) => SettingsJson.Write(stream, this, withoutComputed: true);

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidDataException">A setting is missing, unknown, of the wrong type, or makes no sense.</exception>
    public static AnomalySettings Read(Stream stream) => SettingsJson.Read<AnomalySettings>(stream, "anomaly", settings =>
    {
        if (settings.Problem() is { } problem)
            throw new InvalidDataException($"they {problem}.");
    }, withoutComputed: true);

    private string? Problem()
    {
        if (float.IsNaN(Threshold))
            return "have a threshold that is no number";
        if (Calibration.Length == 0 || Calibration.Any(float.IsNaN) || !Calibration.SequenceEqual(Calibration.Order()))
            return "have calibration scores that are missing, are no numbers or are not in ascending order";
        if (Profile.Times.Length is 0 or > FeatureDescription.MostTimes || Profile.Times.Any(t => !(t is >= 0 and <= 1))
            || Profile.Draws is < 1 or > FeatureDescription.MostDraws)
            return "have a profile without times in [0, 1], or with too many of them or of draws";
        if (Norm.Problem(Score, Profile.Size) is { } problem)
            return problem;
        return MapUnit > 0 ? null : "have a map unit that is not above 0";
    }

    /// <summary>The index of the first calibration score that is not below <paramref name="score"/>.</summary>
    private int FirstAtLeast(float score)
    {
        var (low, high) = (0, Calibration.Length);
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = Calibration[middle] >= score ? (low, middle) : (middle + 1, high);
        }
        return low;
    }
}
