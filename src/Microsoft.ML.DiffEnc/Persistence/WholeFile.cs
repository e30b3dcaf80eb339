namespace Microsoft.ML.DiffEnc.Persistence;

/// <summary>Writes files that appear under their name only when they are whole.</summary>
internal static class WholeFile
{
    /// <summary>What a name ends in until the file is whole; a process that was killed leaves such a file behind.</summary>
    public const string Unfinished = ".tmp";

    private const int BufferSize = 1 << 20;

    /// <summary>Writes a file, in place of one of that name if there is one. If that fails, nothing has changed.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        string unfinished = path + Unfinished;
        try
        {
            using (var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, BufferSize))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}
