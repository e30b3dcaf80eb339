using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Arrays of a NumPy <c>.npz</c> file: a zip of <c>.npy</c> files (format 1 to 3, little-endian, C order).</summary>
internal sealed partial class Npz
{
    private readonly Dictionary<string, (ScalarType Type, long[] Shape, byte[] Data)> _arrays = new(StringComparer.Ordinal);

    public Npz(string path)
    {
        using ZipArchive zip = ZipFile.OpenRead(path);
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            using MemoryStream bytes = new();
            using (Stream packed = entry.Open())
                packed.CopyTo(bytes);
            _arrays.Add(Path.GetFileNameWithoutExtension(entry.Name), ReadArray(bytes.ToArray(), entry.FullName));
        }
    }

    public bool Has(string name) => _arrays.ContainsKey(name);

    /// <summary>A new tensor of the array's own type and shape.</summary>
    public Tensor Tensor(string name)
    {
        (ScalarType type, long[] shape, byte[] data) = _arrays[name];
        Tensor tensor = torch.empty(shape, dtype: type);
        data.CopyTo(tensor.bytes);
        return tensor;
    }

    /// <summary>The elements in C order, of whatever type they are.</summary>
    public double[] Doubles(string name)
    {
        using Tensor tensor = Tensor(name);
        using Tensor doubles = tensor.to(float64);
        return doubles.data<double>().ToArray();
    }

    private static (ScalarType Type, long[] Shape, byte[] Data) ReadArray(byte[] file, string name)
    {
        if (file.Length < 12 || file[0] != 0x93 || !file.AsSpan(1).StartsWith("NUMPY"u8))
            throw new InvalidDataException($"'{name}' is not a .npy file.");
        bool isFirstVersion = file[6] == 1;
        int start = isFirstVersion ? 10 : 12;
        int length = isFirstVersion ? BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8)) : BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(8));
        Match header = Header().Match(Encoding.UTF8.GetString(file, start, length));
        if (!header.Success)
            throw new InvalidDataException($"'{name}' is in Fortran order or has a header of another kind.");

        ScalarType type = header.Groups["type"].Value switch
        {
            "<f8" => float64,
            "<f4" => float32,
            "<f2" => float16,
            "|u1" => uint8,
            "|i1" => int8,
            "|b1" => torch.@bool,
            "<i2" => int16,
            "<i4" => int32,
            "<i8" => int64,
            string other => throw new InvalidDataException($"'{name}' has elements of type {other}."),
        };
        long[] shape = [.. header.Groups["shape"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(size => long.Parse(size, CultureInfo.InvariantCulture))];
        return (type, shape, file[(start + length)..]);
    }

    [GeneratedRegex(@"'descr': '(?<type>[^']+)', 'fortran_order': False, 'shape': \((?<shape>[^)]*)\)")]
    private static partial Regex Header();
}
