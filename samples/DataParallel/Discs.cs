using Microsoft.ML.Data;

namespace DataParallel;

/// <summary>Bright discs on a dark ground: the same in every process that asks for the same seed.</summary>
internal static class Discs
{
    public const int Side = 16;

    public static IEnumerable<Picture> Draw(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => One(random))];
    }

    private static Picture One(Random random)
    {
        double x = 4 + 8 * random.NextDouble(), y = 4 + 8 * random.NextDouble(), radius = 2 + 3 * random.NextDouble();
        byte bright = (byte)random.Next(150, 256);
        var image = new byte[Side * Side];
        for (int i = 0; i < image.Length; i++)
            image[i] = Math.Pow(i % Side - x, 2) + Math.Pow(i / Side - y, 2) < radius * radius ? bright : (byte)20;
        return new Picture { Image = image };
    }

    public sealed class Picture
    {
        [VectorType(Side * Side)]
        public byte[] Image { get; set; } = [];
    }
}
