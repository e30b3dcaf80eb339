using AnomalyService.Detection;
using Microsoft.ML.Data;
using SkiaSharp;

namespace AnomalyService.Pictures;

/// <summary>
/// Makes pictures of uploads, a few at a time. What a file claims is looked at before it is decoded, and what does not decode to its end is refused.
/// </summary>
/// <remarks>As ML.NET's <c>LoadImages</c> does: the first frame of many, transparency on black, and the orientation of cameras left alone.</remarks>
public sealed class PictureDecoder(Detector detector, ServiceLimits limits) : IDisposable
{
    private readonly SemaphoreSlim _places = new(limits.Decoders);

    /// <summary>Decodes, when it is this upload's turn.</summary>
    /// <exception cref="RefusalException">It is empty, no picture, cut short, or too large.</exception>
    /// <exception cref="OperationCanceledException">The client went away before its turn.</exception>
    public async Task<Picture> DecodeAsync(Stream upload, CancellationToken cancellation)
    {
        await _places.WaitAsync(cancellation);
        try
        {
            return Decode(upload);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _places.Dispose();

    private Picture Decode(Stream upload)
    {
        if (upload.Length == 0)
            throw new RefusalException(StatusCodes.Status400BadRequest, "The upload is empty; expected a picture.");
        // In native memory: what is allocated here must not make the garbage collector run while the model computes.
        using SKData data = SKData.Create(upload);
        using SKCodec codec = SKCodec.Create(data)
            ?? throw new RefusalException(StatusCodes.Status400BadRequest, "The upload is not a picture; expected PNG, JPEG, WebP, GIF or BMP.");
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > limits.PicturePixels)
        {
            throw new RefusalException(StatusCodes.Status413PayloadTooLarge,
                $"The picture is {width}×{height}; expected at most {limits.PicturePixels / 1e6:0.##} megapixels. Make it smaller.");
        }

        var info = new SKImageInfo(width, height, SKColorType.Bgra8888, codec.Info.IsOpaque ? SKAlphaType.Opaque : SKAlphaType.Premul);
        using var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(info))
            throw new RefusalException(StatusCodes.Status503ServiceUnavailable, "There is no memory for the picture now.", TimeSpan.FromSeconds(5));
        SKCodecResult result = codec.GetPixels(info, bitmap.GetPixels());
        if (result != SKCodecResult.Success)
            throw new RefusalException(StatusCodes.Status400BadRequest, $"The picture is cut short or damaged ({result}).");
        return new Picture(detector.Resizes ? ToImage(bitmap) : Fit(bitmap), width, height);
    }

    /// <summary>The middle of the picture, in the detector's proportions, at its size.</summary>
    private MLImage Fit(SKBitmap picture)
    {
        var (width, height) = (detector.Width, detector.Height);
        if (picture.Width == width && picture.Height == height)
            return ToImage(picture);
        double scale = Math.Min((double)picture.Width / width, (double)picture.Height / height);
        int cropWidth = Math.Max(1, (int)Math.Round(scale * width)), cropHeight = Math.Max(1, (int)Math.Round(scale * height));
        using var middle = new SKBitmap();
        picture.ExtractSubset(middle, SKRectI.Create((picture.Width - cropWidth) / 2, (picture.Height - cropHeight) / 2, cropWidth, cropHeight));
        using SKBitmap fitted = middle.Resize(picture.Info.WithSize(width, height), SKFilterQuality.Medium); // from mipmaps: nothing is skipped
        return ToImage(fitted);
    }

    private static MLImage ToImage(SKBitmap bitmap)
        => MLImage.CreateFromPixels(bitmap.Width, bitmap.Height, MLPixelFormat.Bgra32, bitmap.GetPixelSpan());
}
