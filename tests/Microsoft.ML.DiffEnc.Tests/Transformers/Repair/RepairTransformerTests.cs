using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Transforms.Image;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Repair;

public sealed class RepairTransformerTests : IDisposable
{
    private const int Side = 8, Count = 5;

    private readonly MLContext _ml = new(seed: 1);
    private readonly DiffEncTransformer _model;
    private readonly Row[] _rows;
    private readonly IDataView _data;

    public RepairTransformerTests()
    {
        // In double precision: the rounding of a batch of three and of one grows by orders of magnitude in a network of random weights.
        _model = new DiffEncTransformer(_ml, Models.Create(Models.Describe(EncoderKind.Trainable, channels: 3), dtype: float64), Scoring.Settings);
        _rows = [.. Enumerable.Range(0, Count).Select(i => new Row { Number = i, Image = Picture(i), Mask = Columns(from: i, grey: 200) })];
        _data = _ml.Data.LoadFromEnumerable(_rows);
    }

    public void Dispose() => _model.Dispose();

    private static RepairOptions Options => new() { Generation = new() { Steps = 4, Seed = 3 }, Resamplings = 2, JumpLength = 3 };

    [Fact]
    public void Known_pixels_stay_exactly_as_they_were_and_the_others_are_drawn()
    {
        byte[][] repaired = Repair(Options, "Mask");
        for (int i = 0; i < Count; i++)
        {
            byte[] image = Bytes(_rows[i].Image!), mask = Bytes(_rows[i].Mask!);
            int changed = 0;
            for (int at = 0; at < image.Length; at++)
            {
                if (mask[at / 4 * 4] < 128)
                    Assert.Equal(image[at], repaired[i][at]);
                else if (image[at] != repaired[i][at])
                    changed++;
            }
            Assert.InRange(changed, (Side - i) * Side * 3 * 9 / 10, (Side - i) * Side * 3); // all of 3 colours of (8 − i) columns, save by chance
        }
    }

    [Fact]
    public void A_repair_is_decided_by_seed_known_pixels_and_mask_not_by_company_order_or_what_was_masked()
    {
        byte[][] together = Repair(Options, "Mask");
        Assert.Equal(together, Repair(Options, "Mask"));
        for (int i = 0; i < Count; i++)
            Assert.Equal(together[i], Bytes(_model.Repair(_rows[i].Image!, _rows[i].Mask, Options)));
        var otherSeed = Options;
        otherSeed.Generation.Seed = 4;
        Assert.NotEqual(together[1], Bytes(_model.Repair(_rows[1].Image!, _rows[1].Mask, otherSeed)));

        byte[] damaged = Bytes(_rows[1].Image!), mask = Bytes(_rows[1].Mask!);
        for (int at = 0; at < damaged.Length; at++)
            damaged[at] = at % 4 == 3 || mask[at / 4 * 4] < 128 ? damaged[at] : (byte)77;
        using var other = MLImage.CreateFromPixels(Side, Side, MLPixelFormat.Bgra32, damaged);
        Assert.Equal(together[1], Bytes(_model.Repair(other, _rows[1].Mask, Options)));
        Assert.NotEqual(together[1], Bytes(_model.Repair(_rows[1].Image!, _rows[2].Mask, Options)));
    }

    [Fact]
    public void An_engine_gives_the_same_and_a_mask_with_nothing_bright_costs_nothing()
    {
        int steps = 0;
        var options = Options;
        options.Generation.Progress = new Callback<GenerationProgress>(_ => steps++);
        using var transformer = _ml.Generative().Repair(_model, options, maskColumnName: "Mask").Fit(_data);
        byte[][] together = Images(transformer.Transform(_data));
        Assert.Equal(8, steps); // 4 steps, twice
        using var engine = _ml.Model.CreatePredictionEngine<Row, Repaired>(transformer, new PredictionEngineOptions { OwnsTransformer = false });
        Assert.Equal(together[2], Bytes(engine.Predict(_rows[2]).Image!));
        Assert.Equal(16, steps);
        using var dim = Columns(from: 0, grey: 127);
        Assert.Equal(Bytes(_rows[0].Image!), Bytes(engine.Predict(new() { Image = _rows[0].Image, Mask = dim }).Image!));
        Assert.Equal(16, steps);
    }

    [Fact]
    public void Without_a_mask_the_share_of_places_with_the_most_loss_is_drawn()
    {
        using var model = Scoring.Transformer(_ml);
        using var image = Pictures.Image(Pictures.Pixels(3), Side, Side);
        foreach (double share in (double[])[0.25, 0.5])
        {
            var options = Options;
            options.AnomalousShare = share;
            byte[] repaired = Bytes(model.Repair(image, options: options)), before = Bytes(image);
            int changed = Enumerable.Range(0, Side * Side).Count(i => repaired[4 * i] != before[4 * i]);
            Assert.InRange(changed, share * Side * Side - 2, share * Side * Side); // noise: a draw hits the old value now and then
        }
    }

    [Fact]
    public void An_anomaly_map_serves_as_a_mask()
    {
        using var model = Scoring.Transformer(_ml);
        IDataView images = _ml.Data.LoadFromEnumerable(Pictures.ImageRows(40));
        var anomalies = new AnomalyOptions { AnomalyMapColumnName = "Map", ProfileTimes = [0.5f], ProfileDraws = 1 };
        using var detector = _ml.Generative().DetectAnomalies(model, anomalies).Fit(images);
        IDataView first = _ml.Data.TakeRows(images, 2);
        IDataView mapped = detector.Transform(first);
        var options = Options;
        options.MaskThreshold = 40;
        using var repair = _ml.Generative().Repair(model, options, "Fixed", maskColumnName: "Map").Fit(mapped);
        byte[][] before = Images(first, "Image"), after = Images(repair.Transform(mapped), "Fixed"), maps = Images(mapped, "Map");
        Assert.InRange(maps[0].Count(v => v is >= 40 and < 255), 3, 3 * Side * Side / 2);
        for (int i = 0; i < 2; i++)
            for (int at = 0; at < before[i].Length; at += 4)
                Assert.True(maps[i][at] >= 40 || before[i][at] == after[i][at]);
        Assert.NotEqual(before[0], after[0]);
    }

    [Fact]
    public void The_promised_schema_is_the_real_one_and_a_saved_chain_repairs_alike_after_the_model_is_gone()
    {
        var single = new DiffEncTransformer(_ml, Models.Create(Models.Describe(EncoderKind.NonTrainable, channels: 3), dtype: float32), Scoring.Settings);
        var estimator = _ml.Generative().Repair(single, Options, maskColumnName: "Mask");
        var chain = estimator.Append(_ml.Transforms.ExtractPixels("Pixels", "Repaired")).Fit(_data);
        single.Dispose();
        Assert.Equal(
            Schemas.Columns(SchemaShape.Create(chain.First().GetOutputSchema(_data.Schema))),
            Schemas.Columns(estimator.GetOutputSchema(SchemaShape.Create(_data.Schema))));
        byte[][] before = Images(chain.Transform(_data));
        using var file = new MemoryStream();
        _ml.Model.Save(chain, _data.Schema, file);
        file.Position = 0;
        ITransformer loaded = new MLContext(seed: 9).Model.Load(file, out _);
        Assert.Equal(before, Images(loaded.Transform(_data)));
        ((IDisposable)chain).Dispose();
        ((IDisposable)loaded).Dispose();
    }

    [Fact]
    public void Cancelling_stops_between_steps_and_no_tensor_stays_behind()
    {
        Images(_data, "Image");
        Repair(Options, "Mask");
        long before = Tensor.TotalCount;
        Repair(Options, "Mask");
        using var source = new CancellationTokenSource();
        int steps = 0;
        var options = Options;
        options.Generation.CancellationToken = source.Token;
        options.Generation.Progress = new Callback<GenerationProgress>(_ =>
        {
            steps++;
            source.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => _model.Repair(_rows[0].Image!, _rows[0].Mask, options));
        Assert.Equal(1, steps);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void What_cannot_be_is_refused_with_its_name()
    {
        void Refused<T>(string part, Action act) where T : Exception => Assert.Contains(part, Assert.Throws<T>(act).Message, StringComparison.Ordinal);
        void RefusedOption(string part, Action<RepairOptions> change, MLImage? mask = null)
        {
            var options = Options;
            change(options);
            Refused<ArgumentOutOfRangeException>(part, () => _model.Repair(_rows[0].Image!, mask, options));
        }
        RefusedOption("AnomalousShare is 0;", o => o.AnomalousShare = 0);
        RefusedOption("AnomalousShare is 1;", o => o.AnomalousShare = 1);
        RefusedOption("AnomalousShare is NaN;", o => o.AnomalousShare = double.NaN);
        RefusedOption("Resamplings is 0", o => o.Resamplings = 0);
        RefusedOption("Resamplings is 10001", o => o.Resamplings = 10_001);
        RefusedOption("JumpLength is 0", o => o.JumpLength = 0);
        RefusedOption("MaskThreshold is 0", o => o.MaskThreshold = 0, _rows[0].Mask);
        RefusedOption("Sampler is Ode", o => o.Generation.Sampler = SamplerKind.Ode);
        using var small = Pictures.Image(new byte[16], 4, 4);
        Refused<ArgumentException>("mask is 4×4; expected 8×8", () => _model.Repair(_rows[0].Image!, small, Options));
        Refused<ArgumentException>("image is 4×4; expected 8×8", () => _model.Repair(small, null, Options));
        Refused<ArgumentOutOfRangeException>("no mask column 'Maske'", () => _ml.Generative().Repair(_model, Options, maskColumnName: "Maske").Fit(_data));
        Assert.Equal(Count, Repair(new() { Generation = Options.Generation, AnomalousShare = 0 }, "Mask").Length); // with masks it says nothing
    }

    private byte[][] Repair(RepairOptions options, string? mask)
    {
        using var transformer = _ml.Generative().Repair(_model, options, maskColumnName: mask).Fit(_data);
        return Images(transformer.Transform(_data));
    }

    private static MLImage Picture(int number) => Pictures.Image(Pictures.Pixels(number, channels: 3), Side, Side);

    /// <summary>A mask that is black up to a column and grey from there on.</summary>
    private static MLImage Columns(int from, byte grey)
        => Pictures.Image([.. Enumerable.Range(0, Side * Side).Select(i => i % Side >= from ? grey : (byte)0)], Side, Side);

    private static byte[] Bytes(MLImage image) => image.Pixels.ToArray();

    private static byte[][] Images(IDataView view, string column = "Repaired") => [.. view.GetColumn<MLImage>(column).Select(Bytes)];

    private sealed class Row
    {
        // A schema of images alone cannot be saved with a model.
        public int Number { get; set; }

        [ImageType(Side, Side)]
        public MLImage? Image { get; set; }

        [ImageType(Side, Side)]
        public MLImage? Mask { get; set; }
    }

    private sealed class Repaired
    {
        [ImageType(Side, Side), ColumnName("Repaired")]
        public MLImage? Image { get; set; }
    }
}
