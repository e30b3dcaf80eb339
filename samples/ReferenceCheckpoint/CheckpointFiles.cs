using LikelihoodScoring;

namespace ReferenceCheckpoint;

/// <summary>The two files that make a model: the training's checkpoint and the configuration of its model.</summary>
/// <param name="Checkpoint">Flax's msgpack, gzipped or not.</param>
/// <param name="Config">JSON.</param>
internal sealed record CheckpointFiles(string Checkpoint, string Config)
{
    private const int NamesShown = 3;

    /// <summary>Finds them where the user says: the checkpoint, or the folder that it is in; and the configuration, or what lies beside it.</summary>
    /// <exception cref="UsageException">There is none, or more than one to choose from.</exception>
    public static CheckpointFiles Find(string path, string? config)
    {
        if (!Directory.Exists(path) && !File.Exists(path))
            throw new UsageException($"There is no file or folder '{path}' (looked for it at '{Path.GetFullPath(path)}').");
        string checkpoint = File.Exists(path)
            ? path
            : Only(
                Directory.GetFiles(path).Where(file => !IsJson(file)),
                $"checkpoint in '{path}'",
                "give the checkpoint itself in place of its folder");
        string folder = Path.GetDirectoryName(Path.GetFullPath(checkpoint))!;
        return new(checkpoint, config ?? Only(Configurations(folder), $"configuration config_model_….json in '{folder}'", "name it with --config"));
    }

    // Beside the model's there may be those of the training and of the optimiser.
    private static string[] Configurations(string folder)
    {
        string[] all = [.. Directory.GetFiles(folder).Where(IsJson)];
        string[] ofModels = [.. all.Where(file => Path.GetFileName(file).StartsWith("config_model", StringComparison.OrdinalIgnoreCase))];
        return ofModels.Length > 0 ? ofModels : all;
    }

    private static string Only(IEnumerable<string> files, string what, string instead)
    {
        string[] found = [.. files.Where(file => !Path.GetFileName(file).StartsWith('.')).Order(StringComparer.Ordinal)];
        if (found.Length == 1)
            return found[0];
        if (found.Length == 0)
            throw new UsageException($"There is no {what}; {instead}.");
        string names = string.Join(", ", found.Take(NamesShown).Select(Path.GetFileName)) + (found.Length > NamesShown ? ", …" : "");
        throw new UsageException($"There is more than one {what} ({names}); {instead}.");
    }

    private static bool IsJson(string file) => file.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
}
