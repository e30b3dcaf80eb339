namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Names of the files of one folder, out of data that nobody has looked at: no name leads out of the folder or hits another file.</summary>
internal sealed class FileNames(string folder, bool overwrite)
{
    private const string Extension = ".png";
    private const int MostCharacters = 200;

    // What Windows refuses too, so that a folder can be taken there.
    private static readonly char[] _forbidden = [.. "/\\:*?\"<>|"];

    private static readonly HashSet<string> _devices = new(
        ["CON", "PRN", "AUX", "NUL", .. Enumerable.Range(1, 9).SelectMany(i => (string[])[$"COM{i}", $"LPT{i}"])], StringComparer.OrdinalIgnoreCase);

    // Some file systems see no difference between A.png and a.png.
    private readonly HashSet<string> _taken = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The path of a file that may be written.</summary>
    /// <param name="name">Its name, with or without <c>.png</c>.</param>
    /// <param name="row">The row that it is for, for messages.</param>
    /// <exception cref="InvalidOperationException">The name cannot be that of a file in the folder, or an earlier row has it.</exception>
    /// <exception cref="IOException">There is such a file already.</exception>
    public string Claim(string name, long row)
    {
        string file = name.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? name : name + Extension;
        if (Problem(file) is { } problem)
            throw new InvalidOperationException(
                $"Row {row} has the file name '{name}', which {problem}. Expected a name without a folder, like img-17 or img-17.png.");
        if (!_taken.Add(file))
            throw new InvalidOperationException(
                $"Row {row} has the file name '{name}', as an earlier row has (upper and lower case are the same). Expected names of their own.");
        string path = Path.Combine(folder, file);
        if (Directory.Exists(path) || (!overwrite && File.Exists(path)))
            throw new IOException($"'{path}' exists. Take another folder, or overwrite files with overwrite: true.");
        return path;
    }

    private static string? Problem(string file)
    {
        string stem = file[..^Extension.Length];
        if (string.IsNullOrWhiteSpace(stem))
            return "is empty";
        if (file.IndexOfAny(_forbidden) is >= 0 and var at)
            return $"has a '{file[at]}'";
        if (file.Any(char.IsControl))
            return "has a control character";
        if (stem.StartsWith('.') || char.IsWhiteSpace(stem[0]) || char.IsWhiteSpace(stem[^1]) || stem.EndsWith('.'))
            return "begins or ends with a dot or a space";
        if (_devices.Contains(stem.Split('.')[0]))
            return "is the name of a device on Windows";
        return file.Length > MostCharacters ? $"has more than {MostCharacters} characters" : null;
    }
}
