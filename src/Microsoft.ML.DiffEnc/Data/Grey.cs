namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Grey from colour, as ML.NET's <c>ConvertToGrayscale</c> makes it.</summary>
internal static class Grey
{
    /// <summary>
    /// 0.3 red + 0.59 green + 0.11 blue, in single precision and in the order of ML.NET's drawing back end, so that the two agree for every colour,
    /// also where the exact sum lies half way between two greys.
    /// </summary>
    public static byte Of(byte red, byte green, byte blue)
    {
        if (red == green && green == blue)
            return red;
        const float unit = 1 / 255f;
        float grey = 0.3f * (red * unit) + (0.59f * (green * unit) + 0.11f * (blue * unit));
        return (byte)MathF.Round(grey * 255f);
    }
}
