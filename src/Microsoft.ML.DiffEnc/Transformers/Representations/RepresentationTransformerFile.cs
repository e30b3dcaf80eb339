using Microsoft.ML;
using Microsoft.ML.DiffEnc;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers.Representations;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(
    typeof(RepresentationTransformer), typeof(RepresentationTransformerFile), null, typeof(SignatureLoadModel),
    "DiffEnc representation", RepresentationTransformerFile.LoaderSignature)]

namespace Microsoft.ML.DiffEnc.Transformers.Representations;

/// <summary>Saves a <see cref="RepresentationTransformer"/> into an ML.NET model file, the model with it, and loads it.</summary>
internal static class RepresentationTransformerFile
{
    /// <summary>By which ML.NET finds <see cref="Create"/>. Stands in every saved model: never to be changed.</summary>
    public const string LoaderSignature = "DiffEncRepresentation";

    private const string SettingsEntry = "Representation.json", MeanEntry = "Representation.safetensors";

    // 1.1: without a normalization. 1.2: with one. 1.3: rectified features have a mean.
    private static readonly VersionInfo _version = ModelEntries.Version(
        "DIFFENCR", LoaderSignature, version: 0x00010003, readableFrom: 0x00010003, readsBackTo: 0x00010001);

    public static void Save(ModelSaveContext ctx, RepresentationTransformer transformer)
    {
        ModelEntries.Begin(ctx, _version);
        ModelEntries.Write(ctx, SettingsEntry, transformer.Settings.Write);
        if (transformer.Mean is { } mean)
            ModelEntries.Write(ctx, MeanEntry, stream => FeatureMean.Write(stream, mean));
        StoredModel.Write(ctx, transformer.Model);
    }

    /// <summary>Reads what <see cref="Save"/> has written. ML.NET finds this method by its name.</summary>
    /// <exception cref="InvalidDataException">An entry is missing, or does not hold what it should.</exception>
    public static RepresentationTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(_version);
        return FreedUnlessBuilt.Build(new SharedModel(StoredModel.Read(env, ctx)), shared =>
        {
            var settings = ModelEntries.Read(ctx, SettingsEntry, stream => RepresentationSettings.Read(stream, shared.Model));
            float[]? mean = settings.IsCentred ? ModelEntries.Read(ctx, MeanEntry, FeatureMean.Read) : null;
            return new RepresentationTransformer(env, shared, settings, mean);
        });
    }
}
