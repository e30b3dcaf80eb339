using Microsoft.ML;
using Microsoft.ML.DiffEnc;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers.Ode;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(
    typeof(OdeLikelihoodTransformer), typeof(OdeLikelihoodTransformerFile), null, typeof(SignatureLoadModel),
    "DiffEnc likelihood by the probability-flow ODE", OdeLikelihoodTransformerFile.LoaderSignature)]

namespace Microsoft.ML.DiffEnc.Transformers.Ode;

/// <summary>Saves an <see cref="OdeLikelihoodTransformer"/> into an ML.NET model file, the model with it, and loads it.</summary>
internal static class OdeLikelihoodTransformerFile
{
    /// <summary>By which ML.NET finds <see cref="Create"/>. Stands in every saved model: never to be changed.</summary>
    public const string LoaderSignature = "DiffEncOdeLikelihood";

    /// <summary>The entry with the <see cref="OdeSettings"/>.</summary>
    public const string SettingsEntry = "OdeLikelihood.json";

    private static readonly VersionInfo _version = ModelEntries.Version(
        "DIFFENCO", LoaderSignature, version: 0x00010001, readableFrom: 0x00010001, readsBackTo: 0x00010001);

    /// <summary>Writes the transformer.</summary>
    public static void Save(ModelSaveContext ctx, OdeLikelihoodTransformer transformer)
    {
        ModelEntries.Begin(ctx, _version);
        ModelEntries.Write(ctx, SettingsEntry, transformer.Settings.Write);
        StoredModel.Write(ctx, transformer.Model);
    }

    /// <summary>Reads what <see cref="Save"/> has written. ML.NET finds this method by its name.</summary>
    /// <exception cref="InvalidDataException">An entry is missing, or does not hold what it should.</exception>
    public static OdeLikelihoodTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(_version);
        var settings = ModelEntries.Read(ctx, SettingsEntry, OdeSettings.Read);
        return FreedUnlessBuilt.Build(new SharedModel(StoredModel.Read(env, ctx)), shared => new OdeLikelihoodTransformer(env, shared, settings));
    }
}
