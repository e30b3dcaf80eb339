namespace Microsoft.ML.DiffEnc.Tests.Packaging;

/// <summary>Reads, from a 64-bit little-endian ELF library, which symbol versions it requires and whether each is weak.</summary>
internal static class ElfVersionRequirements
{
    private const uint VersionNeeds = 0x6FFFFFFE; // SHT_GNU_verneed
    private const ushort Weak = 2; // VER_FLG_WEAK

    public static bool IsWeak(string file, string version)
    {
        using var reader = new BinaryReader(File.OpenRead(file));
        T At<T>(long position, Func<T> read)
        {
            reader.BaseStream.Position = position;
            return read();
        }
        long sections = At(0x28, reader.ReadInt64);
        (int size, int count) = (At(0x3A, reader.ReadUInt16), At(0x3C, reader.ReadUInt16));
        long Header(long index) => sections + index * size;
        long section = Enumerable.Range(0, count).Select(i => Header(i)).Single(header => At(header + 4, reader.ReadUInt32) == VersionNeeds);
        long names = At(Header(At(section + 0x28, reader.ReadUInt32)) + 0x18, reader.ReadInt64);

        long library = At(section + 0x18, reader.ReadInt64);
        for (uint i = At(section + 0x2C, reader.ReadUInt32); i > 0; i--, library += At(library + 12, reader.ReadUInt32))
        {
            long need = library + At(library + 8, reader.ReadUInt32);
            for (int j = At(library + 2, reader.ReadUInt16); j > 0; j--, need += At(need + 12, reader.ReadUInt32))
            {
                string name = At(names + At(need + 8, reader.ReadUInt32), () => string.Concat(Characters(reader)));
                if (name == version)
                    return (At(need + 4, reader.ReadUInt16) & Weak) != 0;
            }
        }
        throw new InvalidDataException($"{file} does not require {version}.");
    }

    private static IEnumerable<char> Characters(BinaryReader reader)
    {
        for (byte b = reader.ReadByte(); b != 0; b = reader.ReadByte())
            yield return (char)b;
    }
}
