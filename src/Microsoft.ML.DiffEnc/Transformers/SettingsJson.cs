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

    // What follows from the members, by properties of their own, is not written. A threshold may be infinite.
    private static readonly JsonSerializerOptions _withoutComputed = new(_json)
    {
        IgnoreReadOnlyProperties = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <param name="stream">The entry.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="withoutComputed">Whether properties that nothing sets are left out, as they have to be where constructors do not take them.</param>
    public static void Write<T>(Stream stream, T settings, bool withoutComputed = false)
        => JsonSerializer.Serialize(stream, settings, withoutComputed ? _withoutComputed : _json);

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <param name="stream">The entry.</param>
    /// <param name="what">What the settings are of, for messages.</param>
    /// <param name="check">
    /// Throws <see cref="ArgumentException"/>, <see cref="InvalidOperationException"/> or <see cref="InvalidDataException"/> where they make no sense.
    /// </param>
    /// <param name="withoutComputed">As for <see cref="Write"/>.</param>
    /// <exception cref="InvalidDataException">A setting is missing, unknown, of the wrong type, or makes no sense.</exception>
    public static T Read<T>(Stream stream, string what, Action<T> check, bool withoutComputed = false)
        where T : class
    {
        try
        {
            var settings = JsonSerializer.Deserialize<T>(stream, withoutComputed ? _withoutComputed : _json)
                ?? throw new InvalidDataException("they are null; expected an object.");
            check(settings);
            return settings;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException or InvalidDataException)
        {
            throw new InvalidDataException($"The {what} settings cannot be used: {e.Message}", e);
        }
    }
}
