using System.Globalization;
using System.Text.Json;
using Microsoft.ML.DiffEnc.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>
/// Checkpoints in a folder: one safetensors file each, with all that is needed to go on. A file appears under its name only when it is
/// whole, and the one before is kept beside it.
/// </summary>
internal sealed class CheckpointFolder(string folder, TrainingIdentity identity, ITrainingLog log)
{
    private const string Prefix = "checkpoint-", Extension = ".safetensors";
    private const string StepKey = "step", IdentityKey = "identity";
    private const int Kept = 2;
    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);

    /// <summary>Makes the folder and tries to write there, so that a training does not find out hours later that it cannot.</summary>
    /// <exception cref="InvalidOperationException">It cannot be written to.</exception>
    public static void Prepare(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, $"{Prefix}probe-{Guid.NewGuid():N}{WholeFile.Unfinished}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new InvalidOperationException(
                $"The option CheckpointFolder is '{folder}', which cannot be written to: {e.Message} Choose another folder, or null for no checkpoints.", e);
        }
    }

    /// <summary>The seed of the training whose checkpoint is the newest in a folder; <see langword="null"/>: there is none that can be
    /// read.</summary>
    public static int? SeedIn(string folder)
    {
        foreach (string path in Files(folder))
        {
            try
            {
                using var file = Open(path);
                if (Parse(Safetensors.ReadMetadata(file)) is { } found)
                    return found.Identity.Settings.Seed;
            }
            catch (Exception e) when (IsUnreadable(e))
            {
                // Restore says so when it comes to it.
            }
        }
        return null;
    }

    /// <param name="step">Steps done.</param>
    /// <param name="state">All tensors of the training.</param>
    public void Save(int step, IReadOnlyDictionary<string, Tensor> state)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"{Prefix}{step.ToString("D9", CultureInfo.InvariantCulture)}{Extension}");
        foreach (string leftOver in Directory.GetFiles(folder, $"{Prefix}*{WholeFile.Unfinished}"))
            File.Delete(leftOver);
        WholeFile.Write(path, file => Safetensors.Write(file, state, new Dictionary<string, string>
        {
            [StepKey] = step.ToString(CultureInfo.InvariantCulture),
            [IdentityKey] = JsonSerializer.Serialize(identity),
        }));
        _unreadable.Remove(path);
        foreach (string old in Files(folder).Where(file => !_unreadable.Contains(file)).Skip(Kept).Where(file => file != path))
            File.Delete(old);
        log.Info($"Saved {path}.");
    }

    /// <summary>Overwrites the training's tensors with the newest whole checkpoint's.</summary>
    /// <returns>The steps done; 0 when there is no checkpoint.</returns>
    /// <exception cref="InvalidOperationException">The checkpoint is one of another training, or none of them can be read.</exception>
    public int Restore(IReadOnlyDictionary<string, Tensor> state)
    {
        Exception? newest = null;
        foreach (string path in Files(folder))
        {
            try
            {
                int step = Restore(path, state);
                log.Info($"Going on from {path}, after step {step}.");
                return step;
            }
            catch (Exception e) when (IsUnreadable(e))
            {
                newest ??= e;
                _unreadable.Add(path);
                log.Warning($"The checkpoint {path} cannot be read and is passed over: {e.Message}");
            }
        }
        return newest is null
            ? 0
            : throw new InvalidOperationException($"No checkpoint in '{folder}' can be read. Remove them to train from the start. The newest: {newest.Message}", newest);
    }

    private int Restore(string path, IReadOnlyDictionary<string, Tensor> state)
    {
        using var file = Open(path);
        using var content = Safetensors.Read(file);
        var (step, other) = Parse(content.Metadata) ?? throw new InvalidDataException("It does not say which training it is of.");
        if (identity.DifferenceFrom(other) is { } difference)
            throw new InvalidOperationException(
                $"'{path}' is a checkpoint of another training: {difference}. Choose another CheckpointFolder, or delete the files in this one.");
        WeightCheck.ThrowUnlessMatching(state, content.Tensors);
        using var noGradients = no_grad();
        foreach (var (name, tensor) in state)
            tensor.copy_(content.Tensors[name]);
        return step;
    }

    private static (int Step, TrainingIdentity Identity)? Parse(IReadOnlyDictionary<string, string> metadata)
        => metadata.TryGetValue(IdentityKey, out string? json)
            && metadata.TryGetValue(StepKey, out string? text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int step)
            && JsonSerializer.Deserialize<TrainingIdentity>(json) is { } identity
            ? (step, identity)
            : null;

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);

    private static bool IsUnreadable(Exception e) => e is IOException or InvalidDataException or JsonException or UnauthorizedAccessException;

    /// <summary>The checkpoints in a folder, newest first.</summary>
    private static IEnumerable<string> Files(string folder) => Directory.Exists(folder)
        ? Directory.GetFiles(folder, $"{Prefix}*{Extension}").OrderByDescending(Path.GetFileName, StringComparer.Ordinal)
        : [];
}
