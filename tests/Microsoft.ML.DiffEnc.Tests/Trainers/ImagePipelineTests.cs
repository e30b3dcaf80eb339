using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Training;
using SkiaSharp;
using Xunit;
using static Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator;

namespace Microsoft.ML.DiffEnc.Tests.Trainers;

/// <summary>Training from picture files, behind ML.NET's own image transforms.</summary>
public sealed class ImagePipelineTests : IDisposable
{
    private const int Side = TrainingRuns.Side, Count = 6;
    private readonly MLContext _ml = new(seed: 5);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("diffenc-pipeline-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Images_and_both_layouts_of_their_pixels_train_to_the_same_weights_and_scores(int channels)
    {
        IDataView paths = SavePictures(Side * 2, seed: 1);
        var images = Train(channels, paths);
        foreach (bool interleaved in new[] { false, true })
        {
            var pixels = Train(channels, paths, interleaved);
            Assert.Equal(images.Weights, pixels.Weights);
            Assert.Equal(images.Scores, pixels.Scores);
        }
        Assert.Equal(Count, images.Scores.Distinct().Count());

        var others = Train(channels, SavePictures(Side * 2, seed: 2));
        Assert.NotEqual(images.Weights["denoiser.conv_in.weight"], others.Weights["denoiser.conv_in.weight"]);
    }

    [Fact]
    public void Colours_read_through_the_pipeline_are_those_of_the_file()
    {
        IDataView paths = SavePictures(Side, seed: 1);
        var random = new Random(1);
        ColourRow[] rows = [.. Enumerable.Range(0, Count).Select(_ => new ColourRow { Image = Planes(Interleaved(random, Side)) })];
        IDataView bytes = _ml.Data.LoadFromEnumerable(rows);
        using var fromBytes = _ml.Generative().DiffEnc(Options(3)).Fit(bytes);
        Assert.Equal(TrainingRuns.Weights(fromBytes), Train(3, paths).Weights);
    }

    private (Dictionary<string, float[]> Weights, float[] Scores) Train(int channels, IDataView paths, bool? interleaved = null)
    {
        IEstimator<ITransformer> pipeline = _ml.Transforms.LoadImages("Image", _folder.FullName, "Path")
            .Append(_ml.Transforms.ResizeImages("Image", Side, Side));
        if (channels == 1)
            pipeline = pipeline.Append(_ml.Transforms.ConvertToGrayscale("Image"));
        var options = Options(channels);
        if (interleaved is { } interleave)
        {
            ColorBits colours = channels == 1 ? ColorBits.Red : ColorBits.Rgb;
            pipeline = pipeline.Append(_ml.Transforms.ExtractPixels("Image", colorsToExtract: colours, interleavePixelColors: interleave));
            options.PixelLayout = interleave ? PixelLayout.Interleaved : PixelLayout.ChannelsFirst;
        }
        var model = pipeline.Append(_ml.Generative().DiffEnc(options)).Fit(paths);
        using DiffEncTransformer trained = DiffEncTransformer.FindIn(model);
        return (TrainingRuns.Weights(trained), [.. model.Transform(paths).GetColumn<float>("Score")]);
    }

    private static DiffEncTrainer.Options Options(int channels)
    {
        var options = TrainingRuns.Options(steps: 3); // the first step has no learning rate, the second moves the last layers only
        options.Channels = channels;
        options.WarmUpSteps = 0;
        options.BatchSize = 4;
        options.ScoringTimesPerDraw = 1;
        return options;
    }

    /// <summary>Noise in colour, as PNG files, and the table of their names.</summary>
    private IDataView SavePictures(int side, int seed)
    {
        var random = new Random(seed);
        var rows = new PathRow[Count];
        for (int i = 0; i < Count; i++)
        {
            rows[i] = new PathRow { Path = $"{seed}-{side}-{i}.png" };
            byte[] pixels = Interleaved(random, side);
            using var bitmap = new SKBitmap(side, side, SKColorType.Bgra8888, SKAlphaType.Opaque);
            for (int at = 0; at < side * side; at++)
                bitmap.SetPixel(at % side, at / side, new SKColor(pixels[3 * at], pixels[3 * at + 1], pixels[3 * at + 2]));
            using FileStream file = File.Create(Path.Combine(_folder.FullName, rows[i].Path));
            Assert.True(bitmap.Encode(file, SKEncodedImageFormat.Png, 100));
        }
        return _ml.Data.LoadFromEnumerable(rows);
    }

    private static byte[] Interleaved(Random random, int side)
    {
        var pixels = new byte[3 * side * side];
        random.NextBytes(pixels);
        return pixels;
    }

    private static byte[] Planes(byte[] interleaved)
        => [.. Enumerable.Range(0, 3).SelectMany(channel => interleaved.Where((_, i) => i % 3 == channel))];

    private sealed class PathRow
    {
        public string Path { get; set; } = "";
    }

    private sealed class ColourRow
    {
        [VectorType(3 * Side * Side)]
        public byte[] Image { get; set; } = [];
    }
}
