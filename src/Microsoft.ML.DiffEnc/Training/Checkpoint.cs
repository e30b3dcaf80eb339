using System.Globalization;
using System.Text.Json;
using Microsoft.ML.DiffEnc.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>What a training must have in common with a checkpoint to go on from it.</summary>
/// <param name="Model">The model's description, as JSON.</param>
/// <param name="Settings">How it is trained.</param>
/// <param name="Images">The number of training images.</param>
/// <param name="PixelHash">A fingerprint of all their pixels.</param>
internal sealed record TrainingIdentity(string Model, TrainingSettings Settings, int Images, ulong PixelHash)
{
    /// <summary>What differs, for a message; <see langword="null"/>: nothing.</summary>
    public string? DifferenceFrom(TrainingIdentity other)
    {
        if (Model != other.Model)
            return $"the model is described as {Flat(Model)}, there as {Flat(other.Model)}";
        if (Settings != other.Settings)
            return $"the settings are {Settings}, there {other.Settings}";
        if (Images != other.Images || PixelHash != other.PixelHash)
            return $"the training images are others ({Images}, there {other.Images})";
        return null;
    }

    private static string Flat(string json) => string.Join(' ', json.Split((char[])['\n', '\r', ' '], StringSplitOptions.RemoveEmptyEntries));
}

/// <summary>
/// Checkpoints in a folder: one safetensors file each, with all that is needed to go on. A file appears under its name only when it is
/// whole, and the one before is kept beside it.
/// </summary>
internal sealed class CheckpointFolder(string folder, TrainingIdentity identity, ITrainingLog log)
{
    private const string Prefix = "checkpoint-", Extension = ".safetensors";
    private const int Kept = 2;

    /// <param name="step">Steps done.</param>
    /// <param name="state">All tensors of the training.</param>
    public void Save(int step, IReadOnlyDictionary<string, Tensor> state)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"{Prefix}{step.ToString("D9", CultureInfo.InvariantCulture)}{Extension}");
        string unfinished = path + ".tmp";
        try
        {
            using (var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
            {
                Safetensors.Write(file, state, new Dictionary<string, string>
                {
                    ["step"] = step.ToString(CultureInfo.InvariantCulture),
                    ["identity"] = JsonSerializer.Serialize(identity),
                });
                file.Flush(flushToDisk: true);
            }
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
        foreach (string old in Files().Skip(Kept))
            File.Delete(old);
        log.Info($"Saved {path}.");
    }

    /// <summary>Overwrites the training's tensors with the newest whole checkpoint's.</summary>
    /// <returns>The steps done; 0 when there is no checkpoint.</returns>
    /// <exception cref="InvalidOperationException">The checkpoint is one of another training, or none of them can be read.</exception>
    public int Restore(IReadOnlyDictionary<string, Tensor> state)
    {
        if (!Directory.Exists(folder))
            return 0;
        Exception? newest = null;
        foreach (string path in Files())
        {
            try
            {
                int step = Restore(path, state);
                log.Info($"Going on from {path}, after step {step}.");
                return step;
            }
            catch (Exception e) when (e is IOException or InvalidDataException or JsonException or UnauthorizedAccessException)
            {
                newest ??= e;
                log.Warning($"The checkpoint {path} cannot be read and is passed over: {e.Message}");
            }
        }
        return newest is null
            ? 0
            : throw new InvalidOperationException($"No checkpoint in '{folder}' can be read. Remove them to train from the start. The newest: {newest.Message}", newest);
    }

    private int Restore(string path, IReadOnlyDictionary<string, Tensor> state)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
        var (tensors, metadata) = Safetensors.Read(file);
        try
        {
            if (!metadata.TryGetValue("identity", out string? json)
                || !metadata.TryGetValue("step", out string? text)
                || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int step)
                || JsonSerializer.Deserialize<TrainingIdentity>(json) is not { } other)
                throw new InvalidDataException("It does not say which training it is of.");
            if (identity.DifferenceFrom(other) is { } difference)
                throw new InvalidOperationException(
                    $"'{path}' is a checkpoint of another training: {difference}. Choose another CheckpointFolder, or delete the files in this one.");
            WeightCheck.ThrowUnlessMatching(state, tensors);
            using var noGradients = no_grad();
            foreach (var (name, tensor) in state)
                tensor.copy_(tensors[name]);
            return step;
        }
        finally
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
        }
    }

    /// <summary>The checkpoints, newest first.</summary>
    private IEnumerable<string> Files()
        => Directory.GetFiles(folder, $"{Prefix}*{Extension}").OrderByDescending(Path.GetFileName, StringComparer.Ordinal);
}
