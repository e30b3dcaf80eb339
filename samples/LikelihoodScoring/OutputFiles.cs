namespace LikelihoodScoring;

/// <summary>Looks before a run whether its results can be kept, and writes files whole or not at all.</summary>
internal static class OutputFiles
{
    /// <summary>Makes the folder where it is missing, and a file in it to see that this works.</summary>
    /// <exception cref="UsageException">It cannot be made or written to; the message names <paramref name="option"/>.</exception>
    public static void CheckFolder(string path, string option)
    {
        try
        {
            Directory.CreateDirectory(path);
            File.Create(Path.Combine(path, Path.GetRandomFileName()), bufferSize: 1, FileOptions.DeleteOnClose).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"Nothing can be written to the folder '{path}' of {option}: {e.Message} Name another with {option}.");
        }
    }

    /// <summary>Makes the file's folder where it is missing, and sees that the file can be made in it.</summary>
    /// <exception cref="UsageException">It cannot; the message names <paramref name="option"/>.</exception>
    public static void CheckFile(string path, string option)
    {
        if (Path.GetFileName(path).Length == 0 || Directory.Exists(path))
            throw new UsageException($"{option} '{path}' is a folder; expected the name of a file.");
        CheckFolder(Path.GetDirectoryName(Path.GetFullPath(path))!, option);
    }

    /// <summary>Has <paramref name="write"/> make a file beside <paramref name="path"/>, and gives it that name only when it is done.</summary>
    public static void WriteWhole(string path, Action<string> write)
    {
        string unfinished = path + ".tmp";
        try
        {
            write(unfinished);
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}
