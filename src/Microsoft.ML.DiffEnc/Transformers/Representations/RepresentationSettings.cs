using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Transformers.Representations;

/// <summary>What a <see cref="RepresentationTransformer"/> keeps besides the model.</summary>
/// <param name="InputColumnName">The column with the images.</param>
/// <param name="PixelLayout">The order of the values, for vector columns.</param>
/// <param name="OutputColumnName">The column that is added.</param>
/// <param name="Features">What is taken.</param>
/// <param name="IsCentred">Whether there is a mean that is subtracted, as of all that is rectified now. Files of before there was one say nothing.</param>
internal sealed record RepresentationSettings(
    string InputColumnName, PixelLayout PixelLayout, string OutputColumnName, FeatureDescription Features, bool IsCentred = false)
{
    // What served a linear classifier best on MNIST (docs/studies/representations.md).
    private const int UsualGrid = 7;
    private const string UsualBlock = "mid1";

    /// <summary>The settings that options ask for, of a model.</summary>
    /// <exception cref="ArgumentException">An option is out of its range, or asks for what the model does not have; the message names it.</exception>
    public static RepresentationSettings From(RepresentationOptions options, DiffEncTransformer model)
    {
        bool ofBlock = options.Kind is RepresentationKind.DenoiserFeatures or RepresentationKind.EncoderFeatures;
        var features = new FeatureDescription(
            options.Kind,
            [.. options.Times.Select(t => double.Parse(t.ToString("R", Invariant), Invariant))], // 0.3, not 0.30000001192…
            ofBlock ? options.Block ?? UsualBlock : options.Block,
            ofBlock ? options.PoolingGrid ?? Math.Min(UsualGrid, Math.Min(model.ImageColumn.Width, model.ImageColumn.Height)) : options.PoolingGrid,
            options.Pooling,
            options.Draws ?? (options.Kind == RepresentationKind.LossProfile ? 1 : 0),
            options.Seed ?? model.Settings.Seed,
            options.Normalization ?? (ofBlock ? FeatureNormalization.Rectified : FeatureNormalization.None));
        if (string.IsNullOrWhiteSpace(options.OutputColumnName))
            throw new ArgumentException("The option OutputColumnName is empty; expected the name of the column to add.", nameof(options));
        return RepresentationCheck.Problem(features, model.Model) is { } problem
            ? throw new ArgumentException($"The option {problem}", nameof(options))
            : new(model.Settings.InputColumnName, model.Settings.PixelLayout, options.OutputColumnName, features,
                IsCentred: features.Normalization == FeatureNormalization.Rectified);
    }

    public void Write(Stream stream) => SettingsJson.Write(stream, this, withoutComputed: true);

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidDataException">A setting is missing, unknown, of the wrong type, or does not fit the model.</exception>
    public static RepresentationSettings Read(Stream stream, DiffEncModel model) => SettingsJson.Read<RepresentationSettings>(stream, "representation", settings =>
    {
        if (string.IsNullOrWhiteSpace(settings.InputColumnName) || string.IsNullOrWhiteSpace(settings.OutputColumnName))
            throw new InvalidDataException("a column name is empty.");
        if (settings.IsCentred && settings.Features.Normalization != FeatureNormalization.Rectified)
            throw new InvalidDataException("they ask for a mean of features that are not rectified.");
        if (RepresentationCheck.Problem(settings.Features, model) is { } problem)
            throw new InvalidDataException(problem);
    }, withoutComputed: true);

    private static System.Globalization.CultureInfo Invariant => System.Globalization.CultureInfo.InvariantCulture;
}
