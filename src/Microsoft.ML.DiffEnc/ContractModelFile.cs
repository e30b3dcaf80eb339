// A stand-in, to be deleted when Persistence/ModelFile.cs is there.
using System.Text.Json;
using Microsoft.ML.DiffEnc.Diffusion;
using TorchSharp;

namespace Microsoft.ML.DiffEnc.Persistence;

internal static class ModelFile
{
    private static readonly JsonSerializerOptions _json = new() { IgnoreReadOnlyProperties = true };

    public static void WriteDescription(Stream stream, DiffEncModel model) => JsonSerializer.Serialize(stream, model.Description, _json);

    public static void WriteWeights(Stream stream, DiffEncModel model)
    {
        var parameters = model.NamedParameters.OrderBy(p => p.Key, StringComparer.Ordinal).ToArray();
        long offset = 0;
        var header = parameters.ToDictionary(p => p.Key, p => (object)new
        {
            dtype = "F32",
            p.Value.shape,
            data_offsets = new[] { offset, offset += p.Value.numel() * 4 },
        });
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(header);
        stream.Write(BitConverter.GetBytes((long)bytes.Length));
        stream.Write(bytes);
        foreach (var (_, tensor) in parameters)
            stream.Write(tensor.detach().cpu().contiguous().bytes);
    }

    public static DiffEncModel Read(Stream description, Stream weights)
    {
        var model = DiffEncModel.Create(JsonSerializer.Deserialize<ModelDescription>(description, _json)!);
        var length = new byte[8];
        weights.ReadExactly(length);
        weights.ReadExactly(new byte[BitConverter.ToInt64(length)]);
        using var scope = torch.NewDisposeScope();
        using var none = torch.no_grad();
        foreach (var (_, tensor) in model.NamedParameters.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            var data = new byte[tensor.numel() * 4];
            weights.ReadExactly(data);
            tensor.copy_(torch.tensor(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(data).ToArray(), tensor.shape));
        }
        return model;
    }
}
