using LikelihoodScoring.Data;

namespace LikelihoodScoring.Baselines;

/// <summary>What two simpler codes need for the same held-out normal pictures, in bits per dimension.</summary>
internal sealed record BaselineFigures(double PixelHistogram, double PngWholeFile, double PngPixelsOnly, bool BeatenByModel)
{
    /// <summary>Measures them; the model beats them when it needs fewer bits than either, PNG's header and checksums not counted.</summary>
    public static BaselineFigures Measure(ImageSet images, double modelBitsPerDimension)
    {
        byte[][] heldOut = [.. images.HeldOutPixels()];
        double histogram = new PixelHistogram(images.Pixels(images.Train), heldOut[0].Length).BitsPerDimension(heldOut);
        PngSize png = PngSize.Of(heldOut, images.Width, images.Height, images.Channels);
        return new BaselineFigures(histogram, png.WholeFile, png.PixelsOnly, modelBitsPerDimension < Math.Min(histogram, png.PixelsOnly));
    }
}
