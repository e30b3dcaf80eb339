using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc.Studies;

/// <summary>Images of a folder with MNIST's files, or others of their form and names.</summary>
internal static class StudyImages
{
    /// <summary>Some images, evenly spread over a set, channels first, one byte a value.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="folder">The folder with the IDX files.</param>
    /// <param name="set"><c>train</c> or <c>t10k</c>.</param>
    /// <param name="count">How many; all where there are fewer.</param>
    /// <param name="classes">The labels that are taken; empty: all.</param>
    public static byte[][] Load(MLContext ml, string folder, string set, int count, IReadOnlyCollection<uint> classes)
    {
        byte[][] all = [.. ml.Data.CreateEnumerable<Row>(View(ml, folder, set), reuseRowObject: false)
            .Where(row => classes.Count == 0 || classes.Contains(row.Label)).Select(row => row.Image)];
        if (all.Length == 0)
            throw new ArgumentException($"No image of '{set}' in '{folder}' has one of the labels {string.Join(", ", classes)}.");
        int taken = Math.Min(count, all.Length);
        return [.. Enumerable.Range(0, taken).Select(i => all[(int)((long)i * all.Length / taken)])];
    }

    /// <summary>A whole set with its labels.</summary>
    public static IDataView View(MLContext ml, string folder, string set)
        => ml.Data.LoadFromIdx(Find(folder, $"{set}-images", "idx3"), Find(folder, $"{set}-labels", "idx1"));

    /// <summary>The size of a set's images.</summary>
    public static (int Width, int Height) Size(IDataView images)
    {
        var dimensions = ((VectorDataViewType)images.Schema["Image"].Type).Dimensions; // channels, height, width
        return (dimensions[^1], dimensions[^2]);
    }

    private static string Find(string folder, string name, string kind)
    {
        string[] spellings = [$"{name}-{kind}-ubyte", $"{name}-{kind}-ubyte.gz", $"{name}.{kind}-ubyte", $"{name}.{kind}-ubyte.gz"];
        return spellings.Select(spelling => Path.Combine(folder, spelling)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"The folder '{folder}' has no {spellings[0]}, with or without .gz.");
    }

    private sealed class Row
    {
        public byte[] Image { get; set; } = [];

        public uint Label { get; set; }
    }
}
