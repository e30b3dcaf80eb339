using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Persistence;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Transformers;

/// <summary>The model's own entries in the folder of each transformer that uses one: its description as JSON and its weights as safetensors.</summary>
internal static class StoredModel
{
    /// <summary>The entry with the <see cref="Diffusion.ModelDescription"/>.</summary>
    public const string DescriptionEntry = "Model.json";

    /// <summary>The entry with the weights.</summary>
    public const string WeightsEntry = "Weights.safetensors";

    public static void Write(ModelSaveContext ctx, DiffEncModel model)
    {
        ModelEntries.Write(ctx, DescriptionEntry, stream => ModelFile.WriteDescription(stream, model));
        ModelEntries.Write(ctx, WeightsEntry, stream => ModelFile.WriteWeights(stream, model));
    }

    /// <summary>Reads the model, onto the device that the environment asks for.</summary>
    /// <exception cref="InvalidDataException">An entry is missing, or does not hold what it should.</exception>
    public static DiffEncModel Read(IHostEnvironment env, ModelLoadContext ctx)
        => HostSettings.PlaceModel(env, () => ModelEntries.Read(ctx, DescriptionEntry, description =>
            ModelEntries.Read(ctx, WeightsEntry, weights => ModelFile.Read(description, weights))));
}
