using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.DiffEnc.Diffusion;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Persistence;

/// <summary>A model as a readable JSON description and its weights as safetensors.</summary>
internal static class ModelFile
{
    private const string Format = "Microsoft.ML.DiffEnc model";

    /// <summary>In the metadata of a weights file that describes its model.</summary>
    private const string DescriptionKey = "model";

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

    public static void WriteWeights(Stream stream, DiffEncModel model) => WriteWeights(stream, model, metadata: null);

    /// <summary>Both parts in one safetensors file: the description in its metadata.</summary>
    public static void WriteWithDescription(Stream stream, DiffEncModel model)
        => WriteWeights(stream, model, new Dictionary<string, string> { [DescriptionKey] = Encoding.UTF8.GetString(Describe(model.Description)) });

    /// <summary>The description as UTF-8 JSON.</summary>
    public static byte[] Describe(ModelDescription description)
        => JsonSerializer.SerializeToUtf8Bytes(new Document(Format, FormatVersion, description), Json);

    /// <summary>Reads and checks both parts; executes nothing.</summary>
    /// <exception cref="InvalidDataException">A part is damaged, or they do not belong together; the message says what is wrong.</exception>
    public static DiffEncModel Read(Stream description, Stream weights)
    {
        var model = ReadDescription(description);
        return Read(weights, _ => model);
    }

    /// <summary>Reads and checks a file that <see cref="WriteWithDescription"/> has written.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, does not describe its model, or the two do not belong together.</exception>
    public static DiffEncModel ReadWithDescription(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
            return Read(file, DescriptionIn);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}': {e.Message}", e);
        }
    }

    private static ModelDescription DescriptionIn(IReadOnlyDictionary<string, string> metadata)
        => metadata.TryGetValue(DescriptionKey, out string? description)
            ? ReadDescription(new MemoryStream(Encoding.UTF8.GetBytes(description)))
            : throw new InvalidDataException(
                $"Its metadata have no '{DescriptionKey}', which describes the model. Expected a file that SaveSafetensors wrote.");

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

    /// <summary>Reads weights straight into the model's own memory: they are there once, also while they are read.</summary>
    private static DiffEncModel Read(Stream weights, Func<IReadOnlyDictionary<string, string>, ModelDescription> description)
    {
        DiffEncModel? model = null;
        try
        {
            using var content = Safetensors.Read(weights, metadata =>
            {
                model = DiffEncModel.CreateUnset(description(metadata));
                return model.NamedParameters;
            });
            WeightCheck.ThrowUnlessMatching(model!.NamedParameters, content.Tensors);
            CopyOthers(content, model);
            return model;
        }
        catch
        {
            model?.Dispose();
            throw;
        }
    }

    /// <summary>Copies the weights that were not read into place: those of another type.</summary>
    private static void CopyOthers(SafetensorsContent content, DiffEncModel model)
    {
        using var noGradients = no_grad();
        foreach (var (name, weight) in model.NamedParameters)
        {
            if (content.Tensors[name].dtype != weight.dtype)
                weight.copy_(content.Tensors[name]);
        }
    }

    private static void WriteWeights(Stream stream, DiffEncModel model, IReadOnlyDictionary<string, string>? metadata)
    {
        using var scope = NewDisposeScope();
        Safetensors.Write(stream, model.NamedParameters.ToDictionary(p => p.Key, p => p.Value.to(float32), StringComparer.Ordinal), metadata);
    }

    private sealed record Document(string Format, int Version, ModelDescription Model);
}
