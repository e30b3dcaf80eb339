namespace Microsoft.ML.DiffEnc.Persistence;

/// <summary>Writes files that appear under their name only when they are whole.</summary>
internal static class WholeFile
{
    /// <summary>What a name ends in until the file is whole; a process that was killed leaves such a file behind.</summary>
    public const string Unfinished = ".tmp";

    private const int BufferSize = 1 << 20;

    /// <summary>Writes a file, in place of one of that name if there is one, and its folder if there is none. If that fails, the older file is still
    /// there.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string whole = Path.GetFullPath(path), unfinished = $"{whole}.{Guid.NewGuid():N}{Unfinished}";
        Directory.CreateDirectory(Path.GetDirectoryName(whole) ?? throw new IOException($"'{path}' is not the name of a file."));
        try
        {
            using (var file = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferSize))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(unfinished, whole, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}
