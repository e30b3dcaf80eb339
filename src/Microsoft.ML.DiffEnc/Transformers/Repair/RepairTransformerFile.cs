using Microsoft.ML;
using Microsoft.ML.DiffEnc;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers.Repair;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(
    typeof(RepairTransformer), typeof(RepairTransformerFile), null, typeof(SignatureLoadModel),
    "DiffEnc repair", RepairTransformerFile.LoaderSignature)]

namespace Microsoft.ML.DiffEnc.Transformers.Repair;

/// <summary>Saves a <see cref="RepairTransformer"/> into an ML.NET model file, the model with it, and loads it.</summary>
internal static class RepairTransformerFile
{
    /// <summary>By which ML.NET finds <see cref="Create"/>. Stands in every saved model: never to be changed.</summary>
    public const string LoaderSignature = "DiffEncRepair";

    private const string SettingsEntry = "Repair.json";

    private static readonly VersionInfo _version = ModelEntries.Version(
        "DIFFENCP", LoaderSignature, version: 0x00010001, readableFrom: 0x00010001, readsBackTo: 0x00010001);

    public static void Save(ModelSaveContext ctx, RepairTransformer transformer)
    {
        ModelEntries.Begin(ctx, _version);
        ModelEntries.Write(ctx, SettingsEntry, transformer.Settings.Write);
        transformer.Model.WriteEntries(ctx);
    }

    /// <summary>Reads what <see cref="Save"/> has written. ML.NET finds this method by its name.</summary>
    /// <exception cref="InvalidDataException">An entry is missing, or does not hold what it should.</exception>
    public static RepairTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(_version);
        return FreedUnlessBuilt.Build(DiffEncTransformerFile.ReadEntries(env, ctx), model => new RepairTransformer(
            env, model, ModelEntries.Read(ctx, SettingsEntry, stream => RepairSettings.Read(stream, model))));
    }
}
