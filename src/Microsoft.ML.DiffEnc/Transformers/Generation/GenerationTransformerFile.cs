using Microsoft.ML;
using Microsoft.ML.DiffEnc;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers.Generation;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(
    typeof(GenerationTransformer), typeof(GenerationTransformerFile), null, typeof(SignatureLoadModel),
    "DiffEnc generation", GenerationTransformerFile.LoaderSignature)]

namespace Microsoft.ML.DiffEnc.Transformers.Generation;

/// <summary>Saves a <see cref="GenerationTransformer"/> into an ML.NET model file, the model with it, and loads it.</summary>
internal static class GenerationTransformerFile
{
    /// <summary>By which ML.NET finds <see cref="Create"/>. Stands in every saved model: never to be changed.</summary>
    public const string LoaderSignature = "DiffEncGeneration";

    private const string SettingsEntry = "Generation.json";

    private static readonly VersionInfo _version = ModelEntries.Version(
        "DIFFENCG", LoaderSignature, version: 0x00010001, readableFrom: 0x00010001, readsBackTo: 0x00010001);

    public static void Save(ModelSaveContext ctx, GenerationTransformer transformer)
    {
        ModelEntries.Begin(ctx, _version);
        ModelEntries.Write(ctx, SettingsEntry, transformer.Settings.Write);
        transformer.Model.WriteEntries(ctx);
    }

    /// <summary>Reads what <see cref="Save"/> has written. ML.NET finds this method by its name.</summary>
    /// <exception cref="InvalidDataException">An entry is missing, or does not hold what it should.</exception>
    public static GenerationTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(_version);
        return FreedUnlessBuilt.Build(DiffEncTransformerFile.ReadEntries(env, ctx), model => new GenerationTransformer(
            env, model, ModelEntries.Read(ctx, SettingsEntry, stream => GenerationSettings.Read(stream, model))));
    }
}
