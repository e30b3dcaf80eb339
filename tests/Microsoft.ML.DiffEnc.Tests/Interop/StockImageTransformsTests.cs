using Microsoft.ML.Data;
using SkiaSharp;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Interop;

/// <summary>
/// ML.NET's image transforms are compiled against SkiaSharp 2.88 and fail at run time, not at build, on a SkiaSharp that has dropped what they call
/// (version 3 has). These tests run every one that a DiffEnc pipeline meets, so that an upgrade of either side that breaks them is seen.
/// </summary>
public sealed class StockImageTransformsTests : IDisposable
{
    private const int Size = 8;
    private readonly MLContext _ml = new(seed: 1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-images-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void LoadImages_and_ExtractPixels_give_the_colours_that_were_saved()
    {
        SaveHalves("a.png", Size, Size);
        float[] pixels = Run(Resize().Append(ExtractPixels()));

        // Channels first: the left half is (200, 100, 50), the right half (10, 20, 30).
        Assert.Equal(3 * Size * Size, pixels.Length);
        Assert.Equal([200f, 100f, 50f], new[] { At(pixels, 0, 0), At(pixels, 1, 0), At(pixels, 2, 0) });
        Assert.Equal([10f, 20f, 30f], new[] { At(pixels, 0, Size - 1), At(pixels, 1, Size - 1), At(pixels, 2, Size - 1) });
    }

    [Fact]
    public void ResizeImages_scales_a_larger_picture_down()
    {
        SaveHalves("a.png", 5 * Size, 5 * Size);
        float[] pixels = Run(Resize().Append(ExtractPixels()));

        Assert.Equal(3 * Size * Size, pixels.Length);
        Assert.InRange(At(pixels, 0, 0), 198f, 202f);
        Assert.InRange(At(pixels, 0, Size - 1), 8f, 12f);
    }

    [Fact]
    public void ConvertToGrayscale_makes_the_three_channels_equal()
    {
        SaveHalves("a.png", Size, Size);
        float[] pixels = Run(Resize().Append(_ml.Transforms.ConvertToGrayscale("Image")).Append(ExtractPixels()));

        Assert.Equal(At(pixels, 0, 0), At(pixels, 1, 0));
        Assert.Equal(At(pixels, 0, 0), At(pixels, 2, 0));
        // Rec. 601 or 709 luma of (200, 100, 50) is 117 to 124; unequal to every single channel of the original.
        Assert.InRange(At(pixels, 0, 0), 110f, 130f);
    }

    [Fact]
    public void An_MLImage_made_from_pixels_can_be_saved_and_read_back()
    {
        byte[] bgra = [.. Enumerable.Range(0, Size * Size).SelectMany(i => new byte[] { 1, 2, (byte)(3 * i), 255 })];
        using MLImage image = MLImage.CreateFromPixels(Size, Size, MLPixelFormat.Bgra32, bgra);
        string path = Path.Combine(_folder.FullName, "saved.png");
        image.Save(path);

        using MLImage read = MLImage.CreateFromFile(path);
        Assert.Equal((Size, Size), (read.Width, read.Height));
        int red = read.PixelFormat == MLPixelFormat.Bgra32 ? 2 : 0;
        Assert.Equal(3 * 5, read.Pixels[4 * 5 + red]);
    }

    private static float At(float[] channelsFirst, int channel, int x) => channelsFirst[channel * Size * Size + x];

    private Transforms.Image.ImageResizingEstimator Resize() => _ml.Transforms.ResizeImages("Image", Size, Size);

    private Transforms.Image.ImagePixelExtractingEstimator ExtractPixels() => _ml.Transforms.ExtractPixels("Pixels", "Image");

    private float[] Run(IEstimator<ITransformer> afterLoading)
    {
        IDataView paths = _ml.Data.LoadFromEnumerable(new[] { new PathRow { Path = "a.png" } });
        IDataView output = _ml.Transforms.LoadImages("Image", _folder.FullName, "Path").Append(afterLoading).Fit(paths).Transform(paths);
        return output.GetColumn<float[]>("Pixels").Single();
    }

    private void SaveHalves(string name, int width, int height)
    {
        using var bitmap = new SKBitmap(width, height, SKColorType.Bgra8888, SKAlphaType.Opaque);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                bitmap.SetPixel(x, y, x < width / 2 ? new SKColor(200, 100, 50) : new SKColor(10, 20, 30));
        using FileStream file = File.Create(Path.Combine(_folder.FullName, name));
        Assert.True(bitmap.Encode(file, SKEncodedImageFormat.Png, 100));
    }

    private sealed class PathRow
    {
        public string Path { get; set; } = "";
    }
}
