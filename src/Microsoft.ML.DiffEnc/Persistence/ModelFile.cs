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
        Document document;
        try
        {
            document = JsonSerializer.Deserialize<Document>(stream, Json) ?? throw new InvalidDataException("The model's description is empty.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The model's description is not what this version writes: {e.Message}", e);
        }
        if (document.Format != Format)
            throw new InvalidDataException($"The description is of a '{document.Format}', expected a '{Format}'.");
        if (document.Version != FormatVersion)
            throw new InvalidDataException(
                $"The model was written in format {document.Version}; this version of Microsoft.ML.DiffEnc reads format {FormatVersion}. Install a newer version.");
        document.Model.Check();
        return document.Model;
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
