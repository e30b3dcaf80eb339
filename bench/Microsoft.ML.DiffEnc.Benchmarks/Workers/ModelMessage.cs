using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Persistence;

namespace Microsoft.ML.DiffEnc.Benchmarks.Workers;

/// <summary>A model's description in a request, as it stands in saved models.</summary>
internal static class ModelMessage
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    public static JsonNode Write(ModelDescription model) => JsonNode.Parse(ModelFile.Describe(model))!["model"]!.DeepClone();

    public static ModelDescription Read(JsonNode message) => message.Deserialize<ModelDescription>(Json)!;
}
