using System.Globalization;

namespace Microsoft.ML.DiffEnc.Transformers.Ode;

/// <summary>What an <see cref="OdeLikelihoodTransformer"/> keeps besides the model.</summary>
/// <param name="InputColumnName">The column with the images.</param>
/// <param name="PixelLayout">The order of the values, for vector columns.</param>
/// <param name="Tolerance">Of a step.</param>
/// <param name="Draws">K.</param>
/// <param name="Probes">P.</param>
/// <param name="Seed">The seed that, with an image's own pixels, determines its draws and probes.</param>
/// <param name="MaxSteps">The most steps for a draw.</param>
internal sealed record OdeSettings(string InputColumnName, PixelLayout PixelLayout, double Tolerance, int Draws, int Probes, int Seed, int MaxSteps)
{
    private const int MostDraws = 10_000, MostProbes = 256;

    /// <summary>The settings that options ask for, of a model.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or the ODE approximates the model and that is not allowed.</exception>
    public static OdeSettings From(OdeLikelihoodOptions options, DiffEncTransformer model)
    {
        var settings = new OdeSettings(
            model.Settings.InputColumnName, model.Settings.PixelLayout,
            options.Tolerance, options.Draws, options.Probes, options.Seed ?? model.Settings.Seed, options.MaxSteps);
        if (Problem(settings) is { } problem)
            throw new ArgumentException($"The option {problem}", nameof(options));
        if (!model.Model.HasExactOde && !options.AllowApproximation)
            throw new ArgumentException(
                "The model has a trained encoder and no second head, so its probability-flow ODE only approximates the process that was trained. "
                + $"Train with {nameof(DiffEncTrainer.Options.OdeHead)} = true for an exact one, or set {nameof(options.AllowApproximation)} = true.",
                nameof(options));
        return settings;
    }

    /// <summary>Writes the settings as JSON.</summary>
    public void Write(Stream stream) => SettingsJson.Write(stream, this);

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidDataException">A setting is missing, unknown, of the wrong type or out of its range.</exception>
    public static OdeSettings Read(Stream stream) => SettingsJson.Read<OdeSettings>(stream, "ODE likelihood", settings =>
    {
        if (string.IsNullOrWhiteSpace(settings.InputColumnName))
            throw new InvalidDataException("inputColumnName is empty; expected the name of a column.");
        if (Problem(settings) is { } problem)
            throw new InvalidDataException(problem);
    });

    /// <summary>The first setting that is out of its range, as a sentence; <see langword="null"/>: none.</summary>
    private static string? Problem(OdeSettings s)
    {
        if (!(s.Tolerance is >= 1e-8 and <= 0.1))
            return Sentence(nameof(Tolerance), s.Tolerance, "1E-08..0.1");
        if (s.Draws is < 1 or > MostDraws)
            return Sentence(nameof(Draws), s.Draws, $"1..{MostDraws}");
        if (s.Probes is < 1 or > MostProbes)
            return Sentence(nameof(Probes), s.Probes, $"1..{MostProbes}");
        return s.MaxSteps < 1 ? Sentence(nameof(MaxSteps), s.MaxSteps, "at least 1") : null;
    }

    private static string Sentence<T>(string name, T value, string range) where T : IFormattable
        => string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; expected {range}.");
}
