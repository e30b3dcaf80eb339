using System.Buffers;
using System.Buffers.Binary;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>
/// An n-dimensional array of a Flax tree: a view of the file's bytes, already checked to hold exactly the elements its shape asks for.
/// </summary>
/// <param name="dataType">NumPy's name of the element type, e.g. <c>float32</c>.</param>
/// <param name="shape">Sizes of the axes; empty for a 0-d array.</param>
/// <param name="data">Elements in C order, little-endian.</param>
internal sealed class FlaxArray(string dataType, long[] shape, ReadOnlySequence<byte> data) : FlaxNode
{
    public string DataType { get; } = dataType;

    public IReadOnlyList<long> Shape { get; } = shape;

    public ReadOnlySequence<byte> Data { get; } = data;

    /// <summary>Bytes of one element of the named type, or <see langword="null"/> for a type that checkpoints do not hold (objects, dates).</summary>
    public static int? ElementSize(string dataType) => dataType switch
    {
        "bool" or "int8" or "uint8" => 1,
        "int16" or "uint16" or "float16" or "bfloat16" => 2,
        "int32" or "uint32" or "float32" => 4,
        "int64" or "uint64" or "float64" or "complex64" => 8,
        "complex128" => 16,
        _ => null,
    };

    /// <summary>The torch type of an array that can be a weight, or <see langword="null"/>.</summary>
    public ScalarType? WeightType => DataType switch
    {
        "float32" => ScalarType.Float32,
        "float64" => ScalarType.Float64,
        _ => null,
    };

    /// <summary>The number that a 0-d array of 32- or 64-bit integers holds; <see langword="null"/> for any other array.</summary>
    public long? WholeNumber()
    {
        if (Shape.Count > 0)
            return null;
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        if (ElementSize(DataType) > bytes.Length)
            return null;
        Data.CopyTo(bytes);
        return DataType switch
        {
            "int32" => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            "uint32" => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            "int64" => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            _ => null,
        };
    }

    /// <summary>Copies the elements into a new CPU tensor of the array's own shape and type, owned by the caller.</summary>
    /// <exception cref="InvalidOperationException">The array is neither float32 nor float64.</exception>
    public Tensor ToTensor()
    {
        Tensor tensor = torch.empty([.. Shape], dtype: WeightType ?? throw new InvalidOperationException($"{this} is no weight."), device: torch.CPU);
        Data.CopyTo(tensor.bytes);
        return tensor;
    }

    public override string ToString() => $"{DataType} {Format(Shape)}";

    public static string Format(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
