using Microsoft.ML;
using Microsoft.ML.DiffEnc;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(
    typeof(AnomalyTransformer), typeof(AnomalyTransformerFile), null, typeof(SignatureLoadModel),
    "DiffEnc anomalies", AnomalyTransformerFile.LoaderSignature)]

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>Saves an <see cref="AnomalyTransformer"/> into an ML.NET model file, the model and its calibration with it, and loads it.</summary>
internal static class AnomalyTransformerFile
{
    /// <summary>By which ML.NET finds <see cref="Create"/>. Stands in every saved model: never to be changed.</summary>
    public const string LoaderSignature = "DiffEncAnomaly";

    private const string SettingsEntry = "Anomaly.json", FeaturesEntry = "Anomaly.safetensors";

    private static readonly VersionInfo _version = ModelEntries.Version(
        "DIFFENCA", LoaderSignature, version: 0x00010001, readableFrom: 0x00010001, readsBackTo: 0x00010001);

    public static void Save(ModelSaveContext ctx, AnomalyTransformer transformer)
    {
        ModelEntries.Begin(ctx, _version);
        ModelEntries.Write(ctx, SettingsEntry, transformer.Settings.Write);
        if (transformer.Settings.Norm.Features is { } features)
            ModelEntries.Write(ctx, FeaturesEntry, stream => NormalFeatures.Write(stream, features));
        transformer.Model.WriteEntries(ctx);
    }

    /// <summary>Reads what <see cref="Save"/> has written. ML.NET finds this method by its name.</summary>
    /// <exception cref="InvalidDataException">An entry is missing, or does not hold what it should.</exception>
    public static AnomalyTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(_version);
        var settings = ModelEntries.Read(ctx, SettingsEntry, AnomalySettings.Read);
        if (AnomalyMeasures.NeedsFeatures(settings.Score))
            settings = settings with { Norm = settings.Norm with { Features = ModelEntries.Read(ctx, FeaturesEntry, NormalFeatures.Read) } };
        return FreedUnlessBuilt.Build(DiffEncTransformerFile.ReadEntries(env, ctx), model => new AnomalyTransformer(env, model, settings));
    }
}
