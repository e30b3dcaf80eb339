using Microsoft.ML;
using Microsoft.ML.DiffEnc;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(
    typeof(DiffEncTransformer), typeof(DiffEncTransformerFile), null, typeof(SignatureLoadModel),
    "DiffEnc likelihood", DiffEncTransformerFile.LoaderSignature)]

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>
/// Saves a <see cref="DiffEncTransformer"/> into an ML.NET model file and loads it. Its folder in the zip has entries of its own: the scoring
/// settings and the model's description as JSON, the weights as safetensors, and so what the model remembers of its training images, if anything.
/// </summary>
internal static class DiffEncTransformerFile
{
    /// <summary>By which ML.NET finds <see cref="Create"/>. Stands in every saved model: never to be changed.</summary>
    public const string LoaderSignature = "DiffEncTransformer";

    /// <summary>The entry with the <see cref="ScoringSettings"/>.</summary>
    public const string SettingsEntry = "Scoring.json";

    /// <summary>The entry with <see cref="DiffEncModel.TrainingImages"/>.</summary>
    public const string TrainingImagesEntry = "TrainingImages.safetensors";

    private static readonly VersionInfo _version = ModelEntries.Version(
        "DIFFENCT", LoaderSignature, version: 0x00010001, readableFrom: 0x00010001, readsBackTo: 0x00010001);

    /// <summary>Writes the transformer.</summary>
    public static void Save(ModelSaveContext ctx, DiffEncTransformer transformer)
    {
        ModelEntries.Begin(ctx, _version);
        transformer.WriteEntries(ctx);
        if (transformer.Model.TrainingImages is { } remembered)
            ModelEntries.Write(ctx, TrainingImagesEntry, stream => NormalFeatures.Write(stream, remembered));
    }

    /// <summary>
    /// Writes the three entries that every model has. For <see cref="DiffEncTransformer.WriteEntries"/>, which keeps the model from being freed meanwhile.
    /// </summary>
    public static void WriteEntries(ModelSaveContext ctx, DiffEncTransformer transformer)
    {
        ModelEntries.Write(ctx, SettingsEntry, transformer.Settings.Write);
        StoredModel.Write(ctx, transformer.Model);
    }

    /// <summary>Reads what <see cref="Save"/> has written. ML.NET finds this method by its name.</summary>
    /// <exception cref="InvalidDataException">An entry is missing, or does not hold what it should.</exception>
    public static DiffEncTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(_version);
        var transformer = ReadEntries(env, ctx);
        try
        {
            if (ModelEntries.TryRead(ctx, TrainingImagesEntry, NormalFeatures.Read, out var remembered))
                transformer.Model.TrainingImages = remembered;
            return transformer;
        }
        catch
        {
            transformer.Dispose();
            throw;
        }
    }

    /// <summary>Reads what <see cref="WriteEntries"/> has written.</summary>
    /// <exception cref="InvalidDataException">An entry is missing, or does not hold what it should.</exception>
    public static DiffEncTransformer ReadEntries(IHostEnvironment env, ModelLoadContext ctx)
    {
        ScoringSettings settings = ModelEntries.Read(ctx, SettingsEntry, ScoringSettings.Read);
        return FreedUnlessBuilt.Build(StoredModel.Read(env, ctx), model =>
        {
            settings.CheckClasses(model.Classes);
            return new DiffEncTransformer(env, model, settings);
        });
    }
}
