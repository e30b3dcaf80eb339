using System.Diagnostics;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.DiffEnc.Transformers.Batching;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Studies.Scoring;

/// <summary>What scoring costs: by the size of a pass, of a batch, of K; one image alone; with decoding beside the network; and in memory.</summary>
internal sealed class ScoringStudy(ScoringCase of, int rounds, int images, CancellationToken cancellation) : IDisposable
{
    // Pictures as they come from cameras: to be decoded and shrunk.
    private const int PictureSide = 512, Latencies = 40;

    private readonly MLContext _ml = new(seed: 1);
    private readonly SharedModel _model = new(of.Create());

    /// <summary>Evaluations of the diffusion loss in a second, by their number in a pass.</summary>
    public IReadOnlyList<(int Pass, double PerSecond)> Passes(IEnumerable<int> sizes)
    {
        int[] all = [.. sizes];
        double[][] seconds = Interleaved.Measure(rounds, cancellation, [.. all.Select(size => (Action)(() => Evaluate(size)))]);
        return [.. all.Select((size, i) => (size, size / Interleaved.Median(seconds[i])))];
    }

    /// <summary>Images scored in a second by a transformer, by the number of images in the data and of draws.</summary>
    public IReadOnlyList<(int Draws, int Times, int Images, double PerSecond)> Throughput(IEnumerable<(int Draws, int Times, int Images)> cases)
    {
        var all = cases.ToArray();
        var transformers = all.Select(c => (c.Draws, c.Times)).Distinct().ToDictionary(c => c, c => ScoringCase.Transformer(_ml, _model, c.Draws, c.Times));
        double[][] seconds = Interleaved.Measure(
            rounds, cancellation,
            [.. all.Select(c => (Action)(() => Read(transformers[(c.Draws, c.Times)].Transform(of.Images(_ml, c.Images)))))]);
        Array.ForEach([.. transformers.Values], transformer => transformer.Dispose());
        return [.. all.Select((c, i) => (c.Draws, c.Times, c.Images, c.Images / Interleaved.Median(seconds[i])))];
    }

    /// <summary>Seconds of one prediction: the median and the 95th percentile.</summary>
    public (double Median, double P95) Latency(int draws, int times)
    {
        using var transformer = ScoringCase.Transformer(_ml, _model, draws, times);
        var schema = SchemaDefinition.Create(typeof(ScoringCase.Picture));
        schema[nameof(ScoringCase.Picture.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Byte, of.Dimensions);
        var engine = _ml.Model.CreatePredictionEngine<ScoringCase.Picture, Scored>(
            transformer, new PredictionEngineOptions { OwnsTransformer = false, InputSchemaDefinition = schema });
        var picture = of.Pictures(1).Single();
        engine.Predict(picture);
        var seconds = new List<double>();
        for (int i = 0; i < Latencies; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            engine.Predict(picture);
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return (Interleaved.Median(seconds), Interleaved.Quantile(seconds, 0.95));
    }

    /// <summary>Seconds to decode pictures alone, to score them one batch after the other, and to score while the next batch is decoded.</summary>
    public (double Decode, double InTurn, double Overlapped) Decoding(int draws, int times)
    {
        using var transformer = ScoringCase.Transformer(_ml, _model, draws, times);
        IDataView pictures = Pictures();
        var mapper = new LikelihoodMapper(transformer, pictures.Schema);
        double[][] seconds = Interleaved.Measure(
            rounds, cancellation,
            () => Decode(pictures, transformer.ImageColumn),
            () => Read(new BatchedDataView(_ml, pictures, mapper, transformer.BatchSize, readAhead: false)),
            () => Read(new BatchedDataView(_ml, pictures, mapper, transformer.BatchSize)));
        return (Interleaved.Median(seconds[0]), Interleaved.Median(seconds[1]), Interleaved.Median(seconds[2]));
    }

    /// <summary>Megabytes: the weights, and the most that the process has held so far.</summary>
    public (double Weights, double Peak) Memory()
    {
        const double megabyte = 1 << 20;
        using var process = Process.GetCurrentProcess();
        return (_model.Model.NamedParameters.Values.Sum(w => w.numel()) * sizeof(float) / megabyte, process.PeakWorkingSet64 / megabyte);
    }

    public void Dispose() => _model.Release();

    private void Evaluate(int count)
    {
        using var noGradients = no_grad();
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var x = rand(count, of.Channels, of.Side, of.Side) * 2 - 1;
        var times = linspace(0.01, 0.99, count, dtype: float64);
        _model.Model.Bounds.Diffusion(x, times, randn_like(x), zeros(count)).sum().item<float>();
    }

    private static void Read(IDataView scored)
    {
        foreach (float score in scored.GetColumn<float>("Score"))
            GC.KeepAlive(score);
    }

    private static void Decode(IDataView pictures, ImageColumn column)
    {
        var pixels = new byte[column.ValuesPerImage];
        using DataViewRowCursor cursor = pictures.GetRowCursor([pictures.Schema["Image"]]);
        var reader = column.CreateReader(cursor);
        while (cursor.MoveNext())
            reader.Read(pixels);
    }

    /// <summary>A lazy view of pictures that are decoded from PNG and shrunk.</summary>
    private IDataView Pictures()
    {
        var random = new Random(2);
        var pixels = new byte[PictureSide * PictureSide * 4];
        random.NextBytes(pixels);
        string file = Path.GetTempFileName();
        using (MLImage noise = MLImage.CreateFromPixels(PictureSide, PictureSide, MLPixelFormat.Bgra32, pixels))
            noise.Save(Path.ChangeExtension(file, ".png"));
        byte[] png = File.ReadAllBytes(Path.ChangeExtension(file, ".png"));
        File.Delete(file);
        File.Delete(Path.ChangeExtension(file, ".png"));
        IDataView lazily = _ml.Data.LoadFromEnumerable(Decoded());
        var steps = _ml.Transforms.ResizeImages("Image", of.Side, of.Side, "Picture");
        return of.Channels == 1
            ? steps.Append(_ml.Transforms.ConvertToGrayscale("Image")).Fit(lazily).Transform(lazily)
            : steps.Fit(lazily).Transform(lazily);

        IEnumerable<Photo> Decoded()
        {
            for (int i = 0; i < 2 * images; i++)
            {
                using var stream = new MemoryStream(png);
                using MLImage picture = MLImage.CreateFromStream(stream);
                yield return new Photo { Picture = picture };
            }
        }
    }

    private sealed class Photo
    {
        [Microsoft.ML.Transforms.Image.ImageType(PictureSide, PictureSide)]
        public MLImage Picture { get; set; } = null!;
    }

    private sealed class Scored
    {
        public float Score { get; set; }
    }
}
