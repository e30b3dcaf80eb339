using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>What a <see cref="DiffEncTransformer"/> keeps besides the model: where the images are, and how their likelihood is estimated.</summary>
/// <param name="InputColumnName">The column with the images.</param>
/// <param name="PixelLayout">The order of the values, for vector columns.</param>
/// <param name="Draws">The number of independent sets of times and noise per image, at least 1. With 1 there is no standard error.</param>
/// <param name="TimesPerDraw">The number of times in one set, at least 1.</param>
/// <param name="Seed">The seed that, with an image's own pixels, determines its draws.</param>
internal sealed record ScoringSettings(string InputColumnName, PixelLayout PixelLayout, int Draws, int TimesPerDraw, int Seed)
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

    /// <summary>Writes the settings as JSON.</summary>
    public void Write(Stream stream) => JsonSerializer.Serialize(stream, this, _json);

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidDataException">A setting is missing, unknown, of the wrong type or out of its range.</exception>
    public static ScoringSettings Read(Stream stream)
    {
        ScoringSettings settings;
        try
        {
            settings = JsonSerializer.Deserialize<ScoringSettings>(stream, _json)
                ?? throw new InvalidDataException("The scoring settings are null; expected an object.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The scoring settings cannot be read: {e.Message}", e);
        }
        if (string.IsNullOrWhiteSpace(settings.InputColumnName))
            throw new InvalidDataException("The scoring settings have an empty inputColumnName; expected the name of a column.");
        if (settings.Draws < 1 || settings.TimesPerDraw < 1)
        {
            throw new InvalidDataException(
                $"The scoring settings have {settings.Draws} draws of {settings.TimesPerDraw} times; expected at least 1 of each.");
        }
        return settings;
    }
}
