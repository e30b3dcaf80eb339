using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Transforms.Image;
using SkiaSharp;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Pipelines;

/// <summary>Every estimator behind ML.NET's image transforms, from the files on.</summary>
public sealed class PictureFileTests : IClassFixture<TrainedOnShades>, IDisposable
{
    private const int Count = 3, Side = 8;

    private readonly TrainedOnShades _trained;
    private readonly MLContext _ml;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-pictures-");
    private readonly Picture[] _rows;

    public PictureFileTests(TrainedOnShades trained)
    {
        (_trained, _ml) = (trained, trained.ML);
        _rows = [.. Shades.Rows(Count).Select((shade, i) => new Picture { Path = $"{i}.png", Label = shade.Label! })];
        foreach (var (row, shade) in _rows.Zip(Shades.Rows(Count)))
            Save(row.Path, shade.Image);
    }

    public static TheoryData<string> Names => [.. PipelineStep.All.Keys];

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Names))]
    public void Files_and_their_pixels_and_the_values_themselves_give_the_same_numbers(string name)
    {
        var keys = _ml.Transforms.Conversion.MapValueToKey("Label");
        var images = keys.Append(_ml.Transforms.LoadImages("Image", _folder.FullName, "Path"))
            .Append(_ml.Transforms.ResizeImages("Image", Side, Side))
            .Append(_ml.Transforms.ConvertToGrayscale("Image"));
        var pixels = images.Append(_ml.Transforms.ExtractPixels("Image", colorsToExtract: ImagePixelExtractingEstimator.ColorBits.Red));
        IDataView paths = _ml.Data.LoadFromEnumerable(_rows);

        float[][] expected = Values(name, keys, _ml.Data.LoadFromEnumerable(Shades.Rows(Count)));
        Assert.Equal(expected, Values(name, images, paths));
        Assert.Equal(expected, Values(name, pixels, paths));
    }

    private float[][] Values(string name, IEstimator<ITransformer> before, IDataView data)
    {
        using var chain = PipelineStep.All[name].Fit(_ml, _trained.Model, before, data);
        return [.. chain.Transform(data).GetColumn<float[]>(PipelineStep.Values)];
    }

    /// <summary>The picture at twice its size, each pixel four times: halved, it is the same again.</summary>
    private void Save(string name, byte[] pixels)
    {
        using var bitmap = new SKBitmap(2 * Side, 2 * Side, SKColorType.Bgra8888, SKAlphaType.Opaque);
        for (int y = 0; y < 2 * Side; y++)
            for (int x = 0; x < 2 * Side; x++)
            {
                byte grey = pixels[y / 2 * Side + x / 2];
                bitmap.SetPixel(x, y, new SKColor(grey, grey, grey));
            }
        using FileStream file = File.Create(Path.Combine(_folder.FullName, name));
        Assert.True(bitmap.Encode(file, SKEncodedImageFormat.Png, 100));
    }

    private sealed class Picture
    {
        public string Path { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
