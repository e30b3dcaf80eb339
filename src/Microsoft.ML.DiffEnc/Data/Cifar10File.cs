namespace Microsoft.ML.DiffEnc.Data;

/// <summary>
/// The binary version of CIFAR-10: records of 3,073 bytes and nothing else — the class number, then 32×32 red, green and blue values, channel by
/// channel, row by row.
/// </summary>
internal static class Cifar10File
{
    /// <summary>Width and height of the images.</summary>
    public const int Size = 32;

    /// <summary>Red, green, blue.</summary>
    public const int Channels = 3;

    private const int Classes = 10;
    private const int RecordLength = 1 + Channels * Size * Size;

    /// <summary>Reads every record of a <c>.bin[.gz]</c> file.</summary>
    public static IReadOnlyList<LabeledImage> Read(string path) => DataFile.Read(path, stream =>
    {
        var rows = new List<LabeledImage>();
        byte[] record = new byte[RecordLength];
        int length;
        while ((length = DataFile.Fill(stream, record)) == RecordLength)
        {
            if (record[0] >= Classes)
                throw new InvalidDataException(
                    $"'{path}': record {rows.Count + 1:N0} has class {record[0]}; expected 0 to {Classes - 1}. This is not a CIFAR-10 binary file " +
                    "(CIFAR-100's has two label bytes, the Python version is a pickle; take cifar-10-binary).");
            rows.Add(new LabeledImage { Image = record[1..], Label = record[0] });
        }
        if (length > 0 || rows.Count == 0)
            throw new InvalidDataException(
                $"'{path}' has {rows.Count * (long)RecordLength + length:N0} bytes; expected one or more whole records of {RecordLength:N0} bytes. " +
                "It was cut short, or is not a CIFAR-10 binary file.");
        return rows;
    });
}
