using System.Globalization;
using Microsoft.ML.DiffEnc.Training;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Trainers;

/// <summary>Passes what the training says to <see cref="MLContext.Log"/>, every tenth of the way, and to the user's progress, always.</summary>
internal sealed class ChannelLog(IChannel channel, IProgress<TrainingProgress>? progress) : ITrainingLog
{
    private int _tenths;

    public void Info(string message) => channel.Info(MessageSensitivity.None, message);

    public void Warning(string message) => channel.Warning(MessageSensitivity.None, message);

    public void Report(TrainingProgress p)
    {
        progress?.Report(p);
        int tenths = (int)(10L * p.Step / p.Steps);
        if (tenths == _tenths && p.ValidationBitsPerDimension is null)
            return;
        _tenths = tenths;
        string validation = p.ValidationBitsPerDimension is { } v ? string.Create(CultureInfo.InvariantCulture, $", validation {v:F3}") : "";
        var remaining = TimeSpan.FromSeconds(Math.Round(p.Remaining.TotalSeconds));
        Info(string.Create(CultureInfo.InvariantCulture, $"Step {p.Step}/{p.Steps}: {p.BitsPerDimension:F3} bits/dim")
            + string.Create(CultureInfo.InvariantCulture,
                $" (reconstruction {p.ReconstructionLoss:F4}, latent {p.LatentLoss:F4}, diffusion {p.DiffusionLoss:F3})")
            + string.Create(CultureInfo.InvariantCulture, $"{validation}; {p.ImagesPerSecond:F0} images/s, {remaining:c} to go."));
    }
}
