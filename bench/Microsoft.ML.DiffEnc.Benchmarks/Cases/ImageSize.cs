using System.Globalization;

namespace Microsoft.ML.DiffEnc.Benchmarks.Cases;

/// <summary>Square images, written 32x32x3.</summary>
internal sealed record ImageSize(int Side, int Channels)
{
    /// <summary>Reads 32x32x3.</summary>
    /// <exception cref="FormatException">It is not of that form, or of a size that the paper's networks do not take.</exception>
    public static ImageSize Parse(string text)
    {
        string[] parts = text.Split('x');
        if (parts.Length == 3
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int height)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            && int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out int channels)
            && height == width && height >= 4 && height % 4 == 0 && channels is 1 or 3)
            return new(height, channels);
        throw new FormatException($"'{text}' is no size of images; expected SIDExSIDExCHANNELS with a side that 4 divides and 1 or 3 channels, such as 32x32x3.");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Side}×{Side}×{Channels}");
}
