using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>Settings of transformers as entries of model files: JSON that has every member and no unknown one.</summary>
internal static class SettingsJson
{
    private static readonly JsonSerializerOptions _json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(allowIntegerValues: false) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    public static void Write<T>(Stream stream, T settings) => JsonSerializer.Serialize(stream, settings, _json);

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <param name="stream">The entry.</param>
    /// <param name="what">What the settings are of, for messages.</param>
    /// <param name="check">Throws <see cref="ArgumentException"/> or <see cref="InvalidOperationException"/> where they make no sense.</param>
    /// <exception cref="InvalidDataException">A setting is missing, unknown, of the wrong type, or makes no sense.</exception>
    public static T Read<T>(Stream stream, string what, Action<T> check)
        where T : class
    {
        try
        {
            var settings = JsonSerializer.Deserialize<T>(stream, _json)
                ?? throw new InvalidDataException($"The settings of the {what} are null; expected an object.");
            check(settings);
            return settings;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new InvalidDataException($"The settings of the {what} cannot be used: {e.Message}", e);
        }
    }
}
