using System.Text.Json.Nodes;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>What the authors' code leaves of a training, with weights of ours.</summary>
internal static class ReferenceFiles
{
    /// <summary>Writes a configuration and a checkpoint of a model of its kind, and returns the model.</summary>
    public static DiffEncModel Write(string checkpoint, string config, string type, int width = 8, int height = 8, int channels = 1,
        Action<JsonObject>? configure = null, Action<Dictionary<FlaxPath, FlaxDocument.Array>>? alter = null)
    {
        JsonObject settings = ReferenceConfigs.Of(type);
        configure?.Invoke(settings);
        File.WriteAllText(config, settings.ToJsonString());
        ModelDescription description = ReferenceConfig.Read(config, width, height, channels);
        DiffEncModel model = Models.Create(description, dtype: float32);

        Dictionary<FlaxPath, FlaxDocument.Array> weights = FlaxTrees.Of(description, model.NamedParameters);
        alter?.Invoke(weights);
        Dictionary<string, object?> state = new() { ["step"] = 1, ["ema_params"] = FlaxTrees.Nest(weights) };
        File.WriteAllBytes(checkpoint, FlaxDocument.Write(state));
        return model;
    }
}
