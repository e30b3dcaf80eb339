using Microsoft.ML.Data;
using SkiaSharp;

namespace Microsoft.ML.DiffEnc.Data;

/// <summary>Many images on one, row by row, in cells of the largest one's size.</summary>
internal static class ContactSheet
{
    private const int UsualSide = 84, MostSide = 16_384, MostPixels = 1 << 26;

    /// <summary>Draws a sheet and saves it as PNG.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">There are no images, or too many for one sheet.</exception>
    public static void Save(IEnumerable<MLImage> images, string path, ContactSheetOptions options)
    {
        Check(options);
        List<SKBitmap> bitmaps = [];
        try
        {
            long pixels = 0;
            foreach (var image in images)
            {
                bitmaps.Add(PngFile.ToBitmap(image));
                pixels += (long)image.Width * image.Height;
                if (pixels > MostPixels)
                    throw TooLarge($"The first {bitmaps.Count} images have {pixels:N0} pixels");
            }
            if (bitmaps.Count == 0)
                throw new InvalidOperationException("There are no images for the contact sheet.");
            using var sheet = Draw(bitmaps, options);
            PngFile.Write(path, sheet);
        }
        finally
        {
            bitmaps.ForEach(bitmap => bitmap.Dispose());
        }
    }

    private static SKBitmap Draw(List<SKBitmap> images, ContactSheetOptions options)
    {
        int width = images.Max(i => i.Width), height = images.Max(i => i.Height);
        int scale = options.Scale ?? Math.Max(1, UsualSide / Math.Max(width, height)), columns = Math.Min(options.Columns, images.Count);
        long stepX = (long)width * scale + options.Gap, stepY = (long)height * scale + options.Gap;
        long sheetWidth = options.Gap + columns * stepX, sheetHeight = options.Gap + (images.Count + columns - 1) / columns * stepY;
        if (Math.Max(sheetWidth, sheetHeight) > MostSide || sheetWidth * sheetHeight > MostPixels)
            throw TooLarge($"The contact sheet of {images.Count} images would be {sheetWidth}×{sheetHeight}");
        var sheet = new SKBitmap((int)sheetWidth, (int)sheetHeight, SKColorType.Bgra8888, SKAlphaType.Opaque);
        using var canvas = new SKCanvas(sheet);
        canvas.Clear(SKColors.White);
        using var paint = new SKPaint { FilterQuality = SKFilterQuality.None }; // pixels stay squares
        for (int i = 0; i < images.Count; i++)
        {
            var corner = new SKPoint(options.Gap + i % columns * stepX, options.Gap + i / columns * stepY);
            canvas.DrawBitmap(images[i], SKRect.Create(corner, new SKSize(images[i].Width * scale, images[i].Height * scale)), paint);
        }
        canvas.Flush();
        return sheet;
    }

    private static void Check(ContactSheetOptions options)
    {
        if (options.Columns < 1)
            throw Refusal(nameof(options.Columns), options.Columns, "at least 1");
        if (options.Scale < 1)
            throw Refusal(nameof(options.Scale), options.Scale.Value, "at least 1, or null");
        if (options.Gap is < 0 or > MostSide)
            throw Refusal(nameof(options.Gap), options.Gap, $"0..{MostSide}");
    }

    private static ArgumentOutOfRangeException Refusal(string name, int value, string expected)
        => new(name, $"The option {name} is {value}; expected {expected}.");

    private static InvalidOperationException TooLarge(string what)
        => new($"{what}; a sheet has at most {MostSide} a side and {MostPixels:N0} in all. " +
            "Take fewer images (TakeRows), more columns or a smaller scale.");
}
