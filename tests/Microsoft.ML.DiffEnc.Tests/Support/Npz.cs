using Microsoft.ML.DiffEnc.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Arrays of a NumPy <c>.npz</c> file as tensors.</summary>
internal sealed class Npz
{
    private readonly Dictionary<string, (NpyHeader Header, byte[] Elements)> _arrays = new(StringComparer.Ordinal);

    public Npz(string path)
    {
        using NpzFile file = new(path);
        foreach (string name in file.Names)
            _arrays.Add(name, file.Read(name));
    }

    public bool Has(string name) => _arrays.ContainsKey(name);

    /// <summary>A new tensor of the array's own type and shape.</summary>
    public Tensor Tensor(string name)
    {
        (NpyHeader header, byte[] elements) = _arrays[name];
        ScalarType type = header.ElementType switch
        {
            "f8" => float64,
            "f4" => float32,
            "f2" => float16,
            "u1" => uint8,
            "i1" => int8,
            "b1" => torch.@bool,
            "i2" => int16,
            "i4" => int32,
            "i8" => int64,
            string other => throw new InvalidDataException($"'{name}' has elements of type {other}."),
        };
        Tensor tensor = torch.empty([.. header.Shape], dtype: type);
        elements.CopyTo(tensor.bytes);
        return tensor;
    }

    /// <summary>The elements in C order, of whatever type they are.</summary>
    public double[] Doubles(string name)
    {
        using Tensor tensor = Tensor(name);
        using Tensor doubles = tensor.to(float64);
        return doubles.data<double>().ToArray();
    }
}
