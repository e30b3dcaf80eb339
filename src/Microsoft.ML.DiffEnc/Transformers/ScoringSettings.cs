using System.Text.Json.Serialization;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>What a <see cref="DiffEncTransformer"/> keeps besides the model: where the images are, and how their likelihood is estimated.</summary>
/// <param name="InputColumnName">The column with the images.</param>
/// <param name="PixelLayout">The order of the values, for vector columns.</param>
/// <param name="Draws">The number of independent sets of times and noise per image, at least 1. With 1 there is no standard error.</param>
/// <param name="TimesPerDraw">The number of times in one set, at least 1.</param>
/// <param name="Seed">The seed that, with an image's own pixels, determines its draws.</param>
/// <param name="Grid">The steps of the bound in finite depth; <see langword="null"/>: continuous time.</param>
internal sealed record ScoringSettings(
    string InputColumnName,
    PixelLayout PixelLayout,
    int Draws,
    int TimesPerDraw,
    int Seed,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] TimeGrid? Grid = null)
{
    /// <summary>K, the draws of an image, where nothing else is asked for.</summary>
    public const int DefaultDraws = 8;

    /// <summary>M, the times in a draw, where nothing else is asked for.</summary>
    public const int DefaultTimesPerDraw = 4;

    /// <summary>The most draws of an image.</summary>
    public const int MostDraws = 10_000;

    /// <summary>The most times in a draw, which go through the network together.</summary>
    public const int MostTimesPerDraw = 256;

    /// <summary>The column with the classes that likelihoods are conditioned on; <see langword="null"/>: they are not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? LabelColumnName { get; init; }

    /// <summary>What the classes of the model are called; <see langword="null"/>: it has none, or they have no names.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ClassNames? ClassNames { get; init; }

    /// <summary>The density of the times; <see langword="null"/>: uniform. In continuous time only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimeDensity? TimeDensity { get; init; }

    /// <summary>The usual draws, of a column whose vectors (if it has any) are channels-first.</summary>
    public static ScoringSettings Default(string inputColumnName, int seed)
        => new(inputColumnName, PixelLayout.ChannelsFirst, DefaultDraws, DefaultTimesPerDraw, seed);

    /// <summary>How the diffusion loss is estimated.</summary>
    public DiffusionEstimate Estimate(DiffEncModel model)
        => TimeDensity is { } density ? new ImportanceEstimate(model.Bounds, density) : model.DiffusionLoss(Grid);

    /// <summary>Writes the settings as JSON.</summary>
    public void Write(Stream stream) => SettingsJson.Write(stream, this);

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidDataException">A setting is missing, unknown, of the wrong type or out of its range.</exception>
    public static ScoringSettings Read(Stream stream) => SettingsJson.Read<ScoringSettings>(stream, "scoring", settings =>
    {
        if (string.IsNullOrWhiteSpace(settings.InputColumnName))
            throw new InvalidDataException("inputColumnName is empty; expected the name of a column.");
        if (settings.Draws is < 1 or > MostDraws || settings.TimesPerDraw is < 1 or > MostTimesPerDraw)
            throw new InvalidDataException(
                $"there are {settings.Draws} draws of {settings.TimesPerDraw} times; expected 1..{MostDraws} and 1..{MostTimesPerDraw}.");
        if (settings is { Grid: not null, TimeDensity: not null })
            throw new InvalidDataException("there are a grid and a timeDensity; expected one at most: at finite depth, times are the grid's.");
        if (settings.LabelColumnName is { } label && string.IsNullOrWhiteSpace(label))
            throw new InvalidDataException("labelColumnName is empty; expected the name of a column, or none.");
    });

    /// <summary>Checks what the settings say of classes.</summary>
    /// <param name="classes">The number of the model's classes.</param>
    /// <exception cref="InvalidDataException">They do not belong to a model with so many.</exception>
    public void CheckClasses(int classes)
    {
        if (LabelColumnName is not null && classes == 0)
            throw new InvalidDataException($"The scoring settings have the labelColumnName '{LabelColumnName}', but the model has no classes.");
        if (ClassNames?.Problem(classes) is { } problem)
            throw new InvalidDataException($"The scoring settings do not fit the model. {problem}");
    }
}
