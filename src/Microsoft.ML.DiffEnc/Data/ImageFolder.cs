using System.IO.Enumeration;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>The pictures in a folder and the folders below it, in the order of their relative paths or in a random one. They are decoded as rows are
/// read.</summary>
internal static class ImageFolder
{
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"];

    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It has no pictures; or, with labels, pictures outside of sub-folders.</exception>
    public static IDataView Load(string folder, bool labelFromFolder, int? shuffleSeed)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no folder '{folder}' (looked for it at '{Path.GetFullPath(folder)}').");
        string[] relative = Pictures(folder);
        if (shuffleSeed is { } seed)
            Array.Sort([.. relative.Select((_, i) => Seeds.Mix(unchecked((ulong)seed), (ulong)i))], relative);
        string[] paths = Array.ConvertAll(relative, file => Path.Combine(folder, file));
        if (paths.Length == 0)
            throw new InvalidDataException(
                $"There are no pictures in '{folder}' or the folders below it; looked for {string.Join(", ", Extensions)}.");
        string[]? labels = labelFromFolder ? Array.ConvertAll(relative, file => Label(file, folder)) : null;

        var schema = new DataViewSchema.Builder();
        schema.AddColumn("Path", TextDataViewType.Instance);
        schema.AddColumn("Image", new ImageDataViewType());
        if (labels is not null)
            schema.AddColumn("Label", TextDataViewType.Instance);
        return new NumberedView(schema.ToSchema(), paths.Length, row =>
        [
            (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = paths[row()].AsMemory()),
            (ValueGetter<MLImage>)((ref MLImage value) =>
            {
                value?.Dispose();
                value = null!;
                value = Decode(paths[row()]);
            }),
            (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = labels![row()].AsMemory()),
        ], canShuffle: true);
    }

    /// <summary>Relative paths. Links to files are taken, links to folders are not followed: they may lead in a circle.</summary>
    private static string[] Pictures(string folder)
    {
        var files = new FileSystemEnumerable<string>(
            folder, (ref FileSystemEntry entry) => Path.GetRelativePath(folder, entry.ToSpecifiedFullPath()),
            new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = false, AttributesToSkip = FileAttributes.None })
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory && IsPicture(entry.FileName),
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        string[] found = [.. files];
        // One order on all systems.
        Array.Sort(Array.ConvertAll(found, file => file.Replace(Path.DirectorySeparatorChar, '/')), found, StringComparer.Ordinal);
        return found;
    }

    // Some archives made on a Mac carry a hidden twin of each file, "._name.png", which is no picture.
    private static bool IsPicture(ReadOnlySpan<char> name)
    {
        if (name.StartsWith('.'))
            return false;
        foreach (string extension in Extensions)
            if (name.EndsWith(extension, StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }

    private static string Label(string file, string folder)
    {
        int end = file.IndexOf(Path.DirectorySeparatorChar, StringComparison.Ordinal);
        return end > 0
            ? file[..end]
            : throw new InvalidDataException(
                $"'{file}' lies in '{folder}' itself, so no sub-folder names its class: move it into one, or load without labelFromFolder.");
    }

    private static MLImage Decode(string path)
    {
        try
        {
            return MLImage.CreateFromFile(path);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // What it throws depends on the decoder that ML.NET draws with.
            throw new InvalidDataException(
                $"The picture '{path}' cannot be decoded: it is damaged, cut short or no picture. Mend or remove it. ({e.Message})", e);
        }
    }
}
