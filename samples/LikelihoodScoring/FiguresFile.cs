using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LikelihoodScoring;

/// <summary>Figures of a run as a JSON file.</summary>
internal static class FiguresFile
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter() }
    };

    /// <summary>Writes the file whole or not at all; does nothing without a path.</summary>
    public static void Save<T>(string? path, T figures)
    {
        if (path is not null)
            OutputFiles.WriteWhole(path, unfinished => File.WriteAllText(unfinished, JsonSerializer.Serialize(figures, Format)));
    }
}
