using System.Buffers.Binary;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>
/// IDX, the format of the MNIST files: big-endian 32-bit numbers — a magic number (0, 0, element type, number of dimensions) and the size of each
/// dimension — then the elements. Only unsigned bytes are read: three dimensions (images) or one (labels).
/// </summary>
internal static class IdxFile
{
    private const int ImagesMagic = 0x0803;
    private const int LabelsMagic = 0x0801;

    // Far above any real set of this kind; a size beyond it means that the header is not one.
    private const int LargestSide = 4096;

    /// <summary>Reads every image of an <c>…-images-idx3-ubyte[.gz]</c> file.</summary>
    public static IdxImages ReadImages(string path) => DataFile.Read(path, stream =>
    {
        ReadMagic(stream, path, ImagesMagic, "images (unsigned bytes in three dimensions)");
        int count = ReadInt32(stream, path), height = ReadInt32(stream, path), width = ReadInt32(stream, path);
        if (count < 0 || height is < 1 or > LargestSide || width is < 1 or > LargestSide)
            throw new InvalidDataException(
                $"'{path}' says that it holds {count} images of {width}×{height}; expected sides of 1 to {LargestSide}. The file is damaged.");

        var pixels = new List<byte[]>();
        for (int i = 0; i < count; i++)
        {
            byte[] image = new byte[height * width];
            if (DataFile.Fill(stream, image) < image.Length)
                throw new InvalidDataException(
                    $"'{path}' ends inside image {i + 1:N0} of the {count:N0} images of {width}×{height} that its header promises: " +
                    "it was cut short; fetch it again.");
            pixels.Add(image);
        }
        ExpectEnd(stream, path, $"{count:N0} images of {width}×{height}");
        return new IdxImages(width, height, pixels);
    });

    /// <summary>Reads every class number of an <c>…-labels-idx1-ubyte[.gz]</c> file.</summary>
    public static byte[] ReadLabels(string path) => DataFile.Read(path, stream =>
    {
        ReadMagic(stream, path, LabelsMagic, "labels (unsigned bytes in one dimension)");
        int count = ReadInt32(stream, path);
        if (count < 0)
            throw new InvalidDataException($"'{path}' says that it holds {count} labels. The file is damaged.");

        // Not allocated from the header alone: a damaged one may ask for gigabytes.
        using var content = new MemoryStream();
        stream.CopyTo(content);
        if (content.Length != count)
            throw new InvalidDataException(
                $"'{path}' has {content.Length:N0} labels, but its header promises {count:N0}: it is damaged or was cut short; fetch it again.");
        return content.ToArray();
    });

    private static void ReadMagic(Stream stream, string path, int expected, string kind)
    {
        int magic = ReadInt32(stream, path);
        if (magic == expected)
            return;
        string found = magic switch
        {
            ImagesMagic => "that of IDX images",
            LabelsMagic => "that of IDX labels",
            _ => "not one of an IDX file of unsigned bytes"
        };
        throw new InvalidDataException($"'{path}' starts with 0x{magic:X8}, {found}; expected 0x{expected:X8}, IDX {kind}.");
    }

    private static int ReadInt32(Stream stream, string path)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (DataFile.Fill(stream, bytes) < bytes.Length)
            throw new InvalidDataException($"'{path}' ends inside its IDX header: it is empty or was cut short; fetch it again.");
        return BinaryPrimitives.ReadInt32BigEndian(bytes);
    }

    private static void ExpectEnd(Stream stream, string path, string content)
    {
        if (stream.ReadByte() >= 0)
            throw new InvalidDataException($"'{path}' goes on after the {content} that its header promises. The file is damaged.");
    }
}
