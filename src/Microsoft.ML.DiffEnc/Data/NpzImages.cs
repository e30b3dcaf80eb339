using System.Buffers.Binary;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>
/// Images in a <c>.npz</c> file: <c>data</c>, bytes [N, C·H·W] (square, channel by channel, as in the down-sampled ImageNet), [N, C, H, W] or
/// [N, H, W, C], and, if it is there, <c>labels</c>, N whole numbers. Rows are read as they are asked for.
/// </summary>
internal sealed class NpzImages
{
    private const string DataArray = "data", LabelsArray = "labels";

    // Far above any real set of this kind; a size beyond it means that the array is something else.
    private const long LargestSide = 4096;

    private readonly string _path;
    private readonly NpyHeader _header;
    private readonly bool _interleaved;

    private NpzImages(string path, NpyHeader header, bool hasLabels)
    {
        (_path, _header, HasLabels) = (path, header, hasLabels);
        string found = $"The array '{DataArray}' of '{path}' is {header.ElementType} {header.ShapeText}";
        if (header.ElementType != "u1")
            throw new InvalidDataException($"{found}; expected pixels as unsigned bytes (u1): save data.astype(numpy.uint8), with values 0..255.");
        (int Channels, int Height, int Width, bool Interleaved)[] readings = [.. Readings(header.Shape)];
        if (readings.Length != 1)
            throw new InvalidDataException(
                $"{found}; expected [N, 3·side·side] or [N, side·side], [N, channels, height, width] or [N, height, width, channels], " +
                $"with 1 or 3 channels and sides of 1 to {LargestSide}" +
                (readings.Length > 1 ? ", and these sizes can be read in two ways: flatten square images." : "."));
        (Channels, Height, Width, _interleaved) = readings[0];
    }

    public int Channels { get; }

    public int Height { get; }

    public int Width { get; }

    public bool HasLabels { get; }

    public string Path => _path;

    /// <summary>Reads the header, and the labels if there are any; checks both.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not of this form; the message says what was found.</exception>
    public static NpzImages Open(string path)
    {
        using var file = new NpzFile(path);
        var (header, elements) = file.Open(DataArray);
        elements.Dispose();
        var images = new NpzImages(path, header, file.Names.Contains(LabelsArray));
        images.ReadLabels(file);
        return images;
    }

    /// <summary>Reads the images one after the other, channels first.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or has changed since it was opened.</exception>
    public IEnumerable<LabeledImage> Rows()
    {
        using var file = new NpzFile(_path);
        uint[]? labels = ReadLabels(file);
        var (header, elements) = file.Open(DataArray);
        using (elements)
        {
            if (header.ElementType != _header.ElementType || !header.Shape.SequenceEqual(_header.Shape))
                throw new InvalidDataException(
                    $"'{_path}' has changed since it was opened: its images were {_header.ShapeText}, now {header.ShapeText}. Open it again.");
            byte[] image = new byte[Channels * Height * Width];
            for (long i = 0; i < header.Shape[0]; i++)
            {
                if (DataFile.Fill(elements, image) < image.Length)
                    throw file.CutShort(DataArray);
                yield return new LabeledImage { Image = _interleaved ? ChannelsFirst(image) : [.. image], Label = labels?[i] ?? 0 };
            }
        }
    }

    private uint[]? ReadLabels(NpzFile file)
    {
        if (!HasLabels)
            return null;
        var (header, elements) = file.Read(LabelsArray);
        string found = $"The array '{LabelsArray}' of '{_path}' is {header.ElementType} {header.ShapeText}";
        if (header.ElementType[0] is not ('i' or 'u'))
            throw new InvalidDataException($"{found}; expected whole numbers (i1…i8, u1…u8).");
        long count = header.DataLength / header.ElementSize;
        if (count != _header.Shape[0] || header.Shape.Count(size => size != 1) > 1)
            throw new InvalidDataException($"{found}; expected one for each of the {_header.Shape[0]:N0} images, [{_header.Shape[0]}].");

        var labels = new uint[count];
        for (int i = 0; i < labels.Length; i++)
        {
            Int128 label = WholeNumber(elements.AsSpan(i * header.ElementSize, header.ElementSize), header.ElementType);
            if (label < 0 || label > uint.MaxValue)
                throw new InvalidDataException($"{found}; label {i} is {label}, expected a class number from 0 to {uint.MaxValue}.");
            labels[i] = (uint)label;
        }
        return labels;
    }

    private static Int128 WholeNumber(ReadOnlySpan<byte> bytes, string elementType) => elementType switch
    {
        "u1" => bytes[0],
        "i1" => (sbyte)bytes[0],
        "u2" => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        "i2" => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        "u4" => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        "i4" => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        "u8" => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        _ => BinaryPrimitives.ReadInt64LittleEndian(bytes),
    };

    private byte[] ChannelsFirst(byte[] interleaved)
    {
        var planes = new byte[interleaved.Length];
        int plane = Height * Width;
        for (int at = 0; at < plane; at++)
            for (int c = 0; c < Channels; c++)
                planes[c * plane + at] = interleaved[at * Channels + c];
        return planes;
    }

    /// <summary>The ways in which the shape can be that of images.</summary>
    private static IEnumerable<(int Channels, int Height, int Width, bool Interleaved)> Readings(IReadOnlyList<long> shape)
    {
        if (shape.Count == 2)
        {
            // No number is both a square and three times a square.
            foreach (int channels in (int[])[1, 3])
            {
                long side = (long)Math.Round(Math.Sqrt(shape[1] / (double)channels));
                if (side is >= 1 and <= LargestSide && channels * side * side == shape[1])
                    yield return (channels, (int)side, (int)side, false);
            }
        }
        if (shape.Count != 4)
            yield break;
        if (shape[1] is 1 or 3 && IsSide(shape[2]) && IsSide(shape[3]))
            yield return ((int)shape[1], (int)shape[2], (int)shape[3], false);
        if (shape[3] is 1 or 3 && IsSide(shape[1]) && IsSide(shape[2]))
            yield return ((int)shape[3], (int)shape[1], (int)shape[2], true);
    }

    private static bool IsSide(long size) => size is >= 1 and <= LargestSide;
}
