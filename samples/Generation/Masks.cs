using Microsoft.ML.Data;

namespace Generation;

/// <summary>Black pictures with a white part: what is white is drawn anew.</summary>
internal static class Masks
{
    /// <summary>The lower half, the right half, and a square in the middle.</summary>
    public static IReadOnlyList<Func<int, int, MLImage>> All { get; } =
    [
        (width, height) => Draw(width, height, (_, y) => y >= height / 2),
        (width, height) => Draw(width, height, (x, _) => x >= width / 2),
        (width, height) => Draw(width, height, (x, y) => x >= width / 4 && x < width - width / 4 && y >= height / 4 && y < height - height / 4)
    ];

    private static MLImage Draw(int width, int height, Func<int, int, bool> isWhite)
    {
        byte[] pixels = new byte[4 * width * height];
        for (int i = 0; i < width * height; i++)
        {
            byte grey = isWhite(i % width, i / width) ? byte.MaxValue : (byte)0;
            (pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2], pixels[4 * i + 3]) = (grey, grey, grey, byte.MaxValue);
        }
        return MLImage.CreateFromPixels(width, height, MLPixelFormat.Bgra32, pixels);
    }
}
