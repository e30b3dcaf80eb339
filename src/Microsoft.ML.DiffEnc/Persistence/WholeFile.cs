namespace Microsoft.ML.DiffEnc.Persistence;

/// <summary>Files that appear under their name only when they are whole.</summary>
internal static class WholeFile
{
    /// <summary>Has a file written beside <paramref name="path"/>, and gives it that name when it is done: an older one is kept until then.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        string whole = Path.GetFullPath(path), unfinished = $"{whole}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(Path.GetDirectoryName(whole) ?? throw new IOException($"'{path}' is not the name of a file."));
        try
        {
            using (var file = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.None))
                write(file);
            File.Move(unfinished, whole, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}
