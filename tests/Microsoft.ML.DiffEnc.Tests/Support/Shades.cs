using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Training;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Pictures of two classes, nearly constant: "dark" ones about 60, "light" ones about 190.</summary>
internal static class Shades
{
    public const int Dark = 60, Light = 190;

    public static Shade[] Rows(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => Row(i % 3 == 0 ? "light" : "dark", random))];
    }

    /// <summary>The rows with "Label" as a key; keys count from the first value seen, so "light" is 1 and "dark" is 2.</summary>
    public static IDataView Keyed(MLContext ml, Shade[] rows)
    {
        IDataView data = ml.Data.LoadFromEnumerable(rows);
        return Keys(ml).Transform(data);
    }

    public static ITransformer Keys(MLContext ml)
        => ml.Transforms.Conversion.MapValueToKey("Label").Fit(ml.Data.LoadFromEnumerable([Row("light", new(1)), Row("dark", new(1))]));

    /// <summary>The rows as text: the label, then the pixels.</summary>
    public static void WriteText(string path, Shade[] rows)
        => File.WriteAllLines(path, rows.Select(row => $"{row.Label}\t{string.Join('\t', row.Image)}"));

    public static DiffEncTrainer.Options Options(int steps)
    {
        var options = TrainingRuns.Options(steps);
        options.LabelColumnName = "Label";
        options.Dropout = 0;
        return options;
    }

    private static Shade Row(string label, Random random)
    {
        int mean = (label == "light" ? Light : Dark) + random.Next(-8, 9);
        var image = new byte[64];
        for (int i = 0; i < 64; i++)
            image[i] = (byte)(mean + random.Next(-4, 5));
        return new Shade { Label = label, Image = image };
    }

    internal sealed class Shade
    {
        public string? Label { get; set; }

        [VectorType(64)]
        public byte[] Image { get; set; } = [];
    }
}
