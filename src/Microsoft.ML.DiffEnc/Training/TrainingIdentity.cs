using Microsoft.ML.DiffEnc.Diffusion;
using static System.FormattableString;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>What a training must have in common with a checkpoint to go on from it.</summary>
/// <param name="Model">The model's description, as JSON.</param>
/// <param name="Settings">How it is trained.</param>
/// <param name="Images">The number of training images.</param>
/// <param name="PixelHash">A fingerprint of all their pixels.</param>
/// <param name="Start">A fingerprint of what it started from; <see langword="null"/>: fresh weights.</param>
/// <param name="LabelHash">A fingerprint of all their labels; 0 without.</param>
internal sealed record TrainingIdentity(
    string Model, TrainingSettings Settings, int Images, ulong PixelHash, ulong? Start = null, ulong LabelHash = 0)
{
    /// <summary>What differs, for a message; <see langword="null"/>: nothing.</summary>
    public string? DifferenceFrom(TrainingIdentity other)
    {
        if (Model != other.Model)
            return $"the model is described as {Flat(Model)}, there as {Flat(other.Model)}";
        if (Settings != other.Settings)
            return string.Join(", ", Differences.Of(Settings, other.Settings)
                .Select(setting => Invariant($"{setting.Name} is {setting.One ?? "not set"}, there {setting.Other ?? "not set"}")));
        if (Images != other.Images || PixelHash != other.PixelHash)
            return $"the training images are others ({Images}, there {other.Images})";
        if (Start != other.Start)
            return $"it starts from {StartName(Start)}, there from {StartName(other.Start)}";
        if (LabelHash != other.LabelHash)
            return "the labels of the training images are others";
        return null;
    }

    private static string StartName(ulong? start) => start is null ? "fresh weights" : $"the given weights {start:x16}";

    private static string Flat(string json) => string.Join(' ', json.Split((char[])['\n', '\r', ' '], StringSplitOptions.RemoveEmptyEntries));
}
