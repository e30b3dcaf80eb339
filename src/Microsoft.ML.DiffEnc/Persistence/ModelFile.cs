using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.DiffEnc.Diffusion;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Persistence;

/// <summary>A model as a readable JSON description and its weights as safetensors.</summary>
internal static class ModelFile
{
    private const string Format = "Microsoft.ML.DiffEnc model";

    /// <summary>Rises when a description could not be understood by older versions.</summary>
    private const int FormatVersion = 1;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(allowIntegerValues: false) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    public static void WriteDescription(Stream stream, DiffEncModel model) => stream.Write(Describe(model.Description));

    public static void WriteWeights(Stream stream, DiffEncModel model)
    {
        using var scope = NewDisposeScope();
        Safetensors.Write(stream, model.NamedParameters.ToDictionary(p => p.Key, p => p.Value.to(float32), StringComparer.Ordinal));
    }

    /// <summary>The description as UTF-8 JSON.</summary>
    public static byte[] Describe(ModelDescription description)
        => JsonSerializer.SerializeToUtf8Bytes(new Document(Format, FormatVersion, description), Json);

    /// <summary>Reads and checks both parts; executes nothing.</summary>
    /// <exception cref="InvalidDataException">A part is damaged, or they do not belong together; the message says what is wrong.</exception>
    public static DiffEncModel Read(Stream description, Stream weights)
    {
        var model = DiffEncModel.Create(ReadDescription(description));
        try
        {
            ReadWeights(model, weights);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static ModelDescription ReadDescription(Stream stream)
    {
        try
        {
            using var json = JsonDocument.Parse(stream);
            CheckFormat(json.RootElement);
            var document = json.Deserialize<Document>(Json) ?? throw new InvalidDataException("The model's description is empty.");
            document.Model.Check();
            return document.Model;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The model's description is not what this version writes: {e.Message}", e);
        }
    }

    /// <summary>First of all, so that a newer file is called that, whatever else it holds.</summary>
    private static void CheckFormat(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object
            || !root.TryGetProperty("format", out var format)
            || format.ValueKind != JsonValueKind.String
            || !root.TryGetProperty("version", out var version)
            || !version.TryGetInt32(out int number))
            throw new InvalidDataException("The model's description does not say what it is; expected a JSON object with 'format' and 'version'.");
        if (format.GetString() != Format)
            throw new InvalidDataException($"The description is of a '{format.GetString()}', expected a '{Format}'.");
        if (number != FormatVersion)
            throw new InvalidDataException(
                $"The model was written in format {number}; this version of Microsoft.ML.DiffEnc reads format {FormatVersion}. Install a newer version.");
    }

    private static void ReadWeights(DiffEncModel model, Stream stream)
    {
        var (tensors, _) = Safetensors.Read(stream);
        try
        {
            WeightCheck.ThrowUnlessMatching(model.NamedParameters, tensors);
            model.CopyFrom(tensors);
        }
        finally
        {
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
        }
    }

    private sealed record Document(string Format, int Version, ModelDescription Model);
}
