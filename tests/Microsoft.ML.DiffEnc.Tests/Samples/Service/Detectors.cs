using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Training;
using SkiaSharp;

namespace Microsoft.ML.DiffEnc.Tests.Samples.Service;

/// <summary>A tiny detector of discs 8 × 8, alone and at the end of a chain for picture files, saved as the service loads them.</summary>
public sealed class Detectors : IDisposable
{
    private readonly MLContext _ml = new(seed: 5);
    private readonly DiffEncTransformer _model;
    private readonly AnomalyTransformer _alone;
    private readonly TransformerChain<AnomalyTransformer> _chain;

    public Detectors()
    {
        var options = TrainingRuns.Options(steps: 20);
        options.Encoder = EncoderKind.None;
        IDataView discs = TrainingRuns.Discs(_ml, 40);
        _model = _ml.Generative().DiffEnc(options).Fit(discs);
        _alone = Detect("Map").Fit(discs);
        SaveModel(_alone, discs, Alone);

        IDataView files = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 40).Select(i => Write($"normal{i}.png", ColourPng(20, 12, i))).ToArray());
        _chain = _ml.Transforms.LoadImages("Loaded", Folder, "Path")
            .Append(_ml.Transforms.ResizeImages("Small", 8, 8, "Loaded"))
            .Append(_ml.Transforms.ConvertToGrayscale("Image", "Small"))
            .Append(_ml.Transforms.ExtractPixels("Image", colorsToExtract: Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator.ColorBits.Red))
            .Append(Detect("Map"))
            .Fit(files);
        SaveModel(_chain, files, Chain);
        SaveModel(_model, discs, ModelOnly);
        using var noMaps = Detect(map: null).Fit(discs);
        SaveModel(noMaps, discs, WithoutMaps);
        File.WriteAllText(NoModel, "no model");
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory().FullName;

    public string Alone => Path.Combine(Folder, "alone.zip");

    public string Chain => Path.Combine(Folder, "chain.zip");

    public string ModelOnly => Path.Combine(Folder, "model.zip");

    public string WithoutMaps => Path.Combine(Folder, "without-maps.zip");

    public string NoModel => Path.Combine(Folder, "text.zip");

    /// <summary>A PNG of a disc, and what the detector itself says of its pixels.</summary>
    public (byte[] Png, Expected Expected)[] Discs(int count)
    {
        TrainingRuns.Picture[] rows = TrainingRuns.Rows(count, seed: 9);
        IDataView scored = _alone.Transform(_ml.Data.LoadFromEnumerable(rows));
        return [.. rows.Select(row => GreyPng(row.Image)).Zip(Read(scored))];
    }

    /// <summary>What the chain says of a picture file of that content.</summary>
    public Expected OfFile(byte[] content)
        => Read(_chain.Transform(_ml.Data.LoadFromEnumerable([Write("upload.png", content)]))).Single();

    public static byte[] ColourPng(int width, int height, int seed)
    {
        using var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        var random = new Random(seed);
        for (int i = 0; i < width * height; i++)
            bitmap.SetPixel(i % width, i / width, new SKColor((uint)random.Next() | 0xFF000000));
        return Encode(bitmap, SKEncodedImageFormat.Png);
    }

    public static byte[] Encode(SKBitmap bitmap, SKEncodedImageFormat format)
    {
        using SKData data = bitmap.Encode(format, 90);
        return data.ToArray();
    }

    public void Dispose()
    {
        _alone.Dispose();
        ((IDisposable)_chain).Dispose();
        _model.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static byte[] GreyPng(byte[] pixels)
    {
        using var bitmap = new SKBitmap(TrainingRuns.Side, TrainingRuns.Side, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int i = 0; i < pixels.Length; i++)
            bitmap.SetPixel(i % TrainingRuns.Side, i / TrainingRuns.Side, new SKColor(pixels[i], pixels[i], pixels[i]));
        return Encode(bitmap, SKEncodedImageFormat.Png);
    }

    private IEstimator<AnomalyTransformer> Detect(string? map) => _ml.Generative().DetectAnomalies(_model, new AnomalyOptions
    {
        Score = AnomalyScore.Typicality,
        FalsePositiveRate = 0.1,
        AnomalyMapColumnName = map,
        ProfileTimes = [0.5f],
        ProfileDraws = 1,
    });

    private IEnumerable<Expected> Read(IDataView scored) => _ml.Data.CreateEnumerable<Expected>(scored, reuseRowObject: false);

    private void SaveModel(ITransformer model, IDataView data, string path) => _ml.Model.Save(model, data.Schema, path);

    private PictureFile Write(string name, byte[] content)
    {
        File.WriteAllBytes(Path.Combine(Folder, name), content);
        return new PictureFile { Path = name };
    }

    private sealed class PictureFile
    {
        public string Path { get; set; } = "";
    }

    public sealed class Expected
    {
        public float Score { get; set; }

        public float PValue { get; set; }

        public bool PredictedLabel { get; set; }
    }
}
