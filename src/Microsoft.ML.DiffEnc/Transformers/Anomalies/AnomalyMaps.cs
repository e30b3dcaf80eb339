using Microsoft.ML.Data;

namespace Microsoft.ML.DiffEnc;

/// <summary>Pictures of anomaly maps.</summary>
public static class AnomalyMaps
{
    private const int BytesPerPixel = 4;

    // Up to half of mid-grey a place is as normal images are, and the picture shows as it is.
    private const float Unremarkable = 64;

    /// <summary>Lays a map over its image: the picture in grey, and red where the map is bright.</summary>
    /// <param name="image">The image.</param>
    /// <param name="map">Its map, as an <see cref="AnomalyTransformer"/> gives it; stretched to the image's size where the two differ.</param>
    /// <returns>An image of the size of <paramref name="image"/>, which belongs to the caller.</returns>
    public static MLImage Overlay(MLImage image, MLImage map)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(map);
        var (width, height) = (image.Width, image.Height);
        ReadOnlySpan<byte> pixels = image.Pixels, heat = map.Pixels;
        var result = new byte[width * height * BytesPerPixel];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int at = (y * width + x) * BytesPerPixel, place = (y * map.Height / height * map.Width + x * map.Width / width) * BytesPerPixel;
                float grey = (pixels[at] + pixels[at + 1] + pixels[at + 2]) / 3f; // of any order of colours
                float red = Math.Clamp((heat[place] - Unremarkable) / (255 - Unremarkable), 0, 1);
                byte others = (byte)(grey * (1 - red));
                (result[at], result[at + 1], result[at + 2], result[at + 3]) = (others, others, (byte)(grey + (255 - grey) * red), 255);
            }
        return MLImage.CreateFromPixels(width, height, MLPixelFormat.Bgra32, result);
    }
}
