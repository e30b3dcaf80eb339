using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Representations;

public sealed class RepresentationTests : IDisposable
{
    private const int Side = TrainingRuns.Side, Count = 5;

    private readonly MLContext _ml = new(seed: 5);
    private readonly DiffEncTransformer _model;
    private readonly TrainingRuns.Picture[] _rows = TrainingRuns.Rows(Count);
    private readonly IDataView _data;

    public RepresentationTests()
    {
        var description = Models.Describe(EncoderKind.Trainable, Side);
        _model = new DiffEncTransformer(_ml, Models.Create(description, dtype: ScalarType.Float32), Scoring.Settings);
        _data = _ml.Data.LoadFromEnumerable(_rows);
    }

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(RepresentationKind.Encoding)]
    [InlineData(RepresentationKind.EncoderOutput)]
    public void Encodings_are_those_of_the_model(RepresentationKind kind)
    {
        using var scope = NewDisposeScope();
        float[] times = [0.2f, 0.9f];
        float[][] found = Represent(new() { Kind = kind, Times = times });
        var x = _model.Model.Scale(Images());
        for (int m = 0; m < times.Length; m++)
        {
            var gamma = Gamma(times[m]);
            var expected = kind == RepresentationKind.Encoding ? _model.Model.Encode(x, gamma) : _model.Model.EncoderOutput(x, gamma).Value;
            AssertClose(expected.flatten(1), found, m * Side * Side, 1e-5);
        }
    }

    [Fact]
    public void Loss_profile_is_the_diffusion_loss_at_the_draws_of_each_picture()
    {
        using var scope = NewDisposeScope();
        float[] times = [0.25f, 0.75f];
        float[][] found = Represent(new() { Kind = RepresentationKind.LossProfile, Times = times, Draws = 3, Seed = 11 });
        for (int i = 0; i < Count; i++)
        {
            var eps = Noise(i, draws: 3, times.Length, seed: 11); // draw by draw
            for (int m = 0; m < times.Length; m++)
            {
                double mean = 0;
                for (int k = 0; k < 3; k++)
                {
                    var one = eps.narrow(0, k * times.Length + m, 1);
                    mean += _model.Model.Bound(Image(i), tensor([(double)times[m]]), one, one).Diffusion.item<float>() / 3;
                }
                double expected = mean / (Side * Side * Math.Log(2));
                Assert.Equal(expected, found[i][m], 1e-4 * Math.Abs(expected));
            }
        }
    }

    [Fact]
    public void The_last_block_of_the_denoiser_holds_what_its_output_is_made_of()
    {
        // Unpooled features of up.1, put through the output's layers by hand, must give the denoiser's own prediction.
        using var scope = NewDisposeScope();
        const float time = 0.4f;
        float[][] found = Represent(new() { Block = "up.1", Times = [time], PoolingGrid = Side, Normalization = FeatureNormalization.None, Draws = 1, Seed = 3 });
        var weights = _model.Model.NamedParameters;
        for (int i = 0; i < Count; i++)
        {
            var gamma = Gamma(time, 1);
            double g = gamma.item<double>();
            var (alpha, sigma) = (Math.Sqrt(1 / (1 + Math.Exp(g))), Math.Sqrt(1 / (1 + Math.Exp(-g))));
            var z = alpha * _model.Model.Encode(_model.Model.Scale(Image(i)), gamma) + sigma * Noise(i, draws: 1, times: 1, seed: 3);
            var h = tensor(found[i]).reshape(1, -1, Side, Side);
            int groups = _model.Model.Description.Denoiser.OutputGroups;
            h = nn.functional.group_norm(h, groups, weights["denoiser.norm_out.weight"], weights["denoiser.norm_out.bias"], 1e-6);
            var output = nn.functional.conv2d(nn.functional.silu(h), weights["denoiser.conv_out.weight"], weights["denoiser.conv_out.bias"], padding: [1, 1]) + z;
            Assert.True(allclose(_model.Model.Denoise(z, gamma), output, rtol: 1e-3, atol: 1e-4));
        }
    }

    [Fact]
    public void Every_block_of_both_networks_can_be_taken_and_they_differ()
    {
        string[] denoiser = [.. _model.Model.DenoiserBlocks], encoder = [.. _model.Model.EncoderBlocks];
        Assert.Equal(["conv_in", "down.0", "mid1", "attention", "mid2", "up.0", "up.1"], denoiser);
        Assert.Equal(["conv_in", "down.0", "down.1", "mid1", "attention", "mid2", "up.0", "up.1"], encoder);
        var features = denoiser.Select(b => Represent(new() { Block = b, PoolingGrid = 1 })[0])
            .Concat(encoder.Select(b => Represent(new() { Kind = RepresentationKind.EncoderFeatures, Block = b, PoolingGrid = 1 })[0]));
        string[] distinct = [.. features.Select(f => string.Join(' ', f)).Distinct()];
        Assert.Equal(denoiser.Length + encoder.Length, distinct.Length);
    }

    [Fact]
    public void Pooling_takes_the_mean_and_the_largest_value_of_each_cell()
    {
        float[] whole = Represent(new() { PoolingGrid = Side, Normalization = FeatureNormalization.None })[0];
        float[] pooled = Represent(new() { PoolingGrid = 2, Pooling = FeaturePooling.MeanAndMax, Normalization = FeatureNormalization.None })[0];
        int channels = whole.Length / (Side * Side), half = Side / 2;
        Assert.Equal(2 * channels * 4, pooled.Length);
        for (int c = 0; c < channels; c++)
            for (int cell = 0; cell < 4; cell++)
            {
                var values = from y in Enumerable.Range(cell / 2 * half, half)
                             from x in Enumerable.Range(cell % 2 * half, half)
                             select whole[(c * Side + y) * Side + x];
                Assert.Equal(values.Average(), pooled[c * 4 + cell], 1e-4f);
                Assert.Equal(values.Max(), pooled[(channels + c) * 4 + cell], 1e-4f);
            }
    }

    [Fact]
    public void Features_do_not_depend_on_the_company_or_on_the_way_they_are_asked_for()
    {
        var estimator = _ml.Generative().Representations(_model, new() { Times = [0.2f, 0.5f], Draws = 2 });
        using var transformer = estimator.Fit(_data);
        float[][] together = Read(transformer.Transform(_data));
        using var engine = _ml.Model.CreatePredictionEngine<TrainingRuns.Picture, Represented>(transformer, new PredictionEngineOptions { OwnsTransformer = false });
        for (int i = 0; i < Count; i++)
        {
            float[] alone = engine.Predict(_rows[i]).Representation;
            Assert.Equal(together[i].Length, alone.Length);
            for (int j = 0; j < alone.Length; j++)
                Assert.Equal(together[i][j], alone[j], 1e-4f); // of features around 0.3
        }
    }

    [Fact]
    public void The_promised_schema_is_that_of_the_transformed_data_and_every_slot_has_a_name()
    {
        var estimator = _ml.Generative().Representations(_model, new() { Times = [0.2f, 0.5f], PoolingGrid = 2, OutputColumnName = "Features" });
        using var transformer = estimator.Fit(_data);
        IDataView found = transformer.Transform(_data);
        SchemaShape promised = estimator.GetOutputSchema(SchemaShape.Create(_data.Schema)), real = SchemaShape.Create(found.Schema);
        Assert.Equal(Schemas.Columns(real), Schemas.Columns(promised));
        Assert.Equal(Schemas.Columns(real), Schemas.Columns(SchemaShape.Create(transformer.GetOutputSchema(_data.Schema))));
        VBuffer<ReadOnlyMemory<char>> names = default;
        found.Schema["Features"].GetSlotNames(ref names);
        Assert.Equal(((VectorDataViewType)found.Schema["Features"].Type).Size, names.Length);
        Assert.Equal("t=0.2 mid1+[0,0,0]", names.GetItemOrDefault(0).ToString());
        Assert.Equal("t=0.5 mid1-[15,1,1]", names.GetItemOrDefault(names.Length - 1).ToString());
    }

    [Fact]
    public void A_saved_chain_gives_the_same_features_and_outlives_the_model_it_came_from()
    {
        var model = new DiffEncTransformer(_ml, Models.Create(Models.Describe(EncoderKind.Trainable, Side), dtype: ScalarType.Float32), Scoring.Settings);
        var chain = _ml.Generative().Representations(model, new() { Times = [0.2f] })
            .Append(_ml.Transforms.NormalizeMeanVariance("Representation")).Fit(_data);
        model.Dispose();
        float[][] before = Read(chain.Transform(_data));
        using var file = new MemoryStream();
        _ml.Model.Save(chain, _data.Schema, file);
        file.Position = 0;
        var loaded = new MLContext(seed: 9).Model.Load(file, out _);
        Assert.Equal(before, Read(loaded.Transform(_data)));
        ((IDisposable)chain).Dispose();
        ((IDisposable)loaded).Dispose();
    }

    [Fact]
    public void A_stock_trainer_learns_from_the_features()
    {
        // Discs in the left half against discs in the right half.
        var rows = TrainingRuns.Rows(80, seed: 8).Select(r => new Labeled { Image = r.Image, Label = LeftIsBrighter(r.Image) });
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        var pipeline = _ml.Generative().Representations(_model, new() { Times = [0.1f] })
            .Append(_ml.BinaryClassification.Trainers.LbfgsLogisticRegression("Label", "Representation"));
        var folds = _ml.BinaryClassification.CrossValidate(data, pipeline, numberOfFolds: 2);
        Assert.All(folds, fold => Assert.True(fold.Metrics.Accuracy > 0.85, $"{fold.Metrics.Accuracy}"));
    }

    private static bool LeftIsBrighter(byte[] image)
        => image.Where((_, i) => i % Side < Side / 2).Sum(v => v) > image.Where((_, i) => i % Side >= Side / 2).Sum(v => v);

    private float[][] Represent(RepresentationOptions options)
    {
        using var transformer = _ml.Generative().Representations(_model, options).Fit(_data);
        return Read(transformer.Transform(_data));
    }

    private static float[][] Read(IDataView data) => [.. data.GetColumn<float[]>("Representation")];

    private Tensor Images() => cat(Enumerable.Range(0, Count).Select(Image).ToArray());

    private Tensor Image(int i) => tensor(_rows[i].Image, dtype: uint8).reshape(1, 1, Side, Side);

    private static Tensor Gamma(double time, long count = Count) => full(count, -13.3 + 18.3 * time, dtype: float64);

    private Tensor Noise(int i, int draws, int times, int seed)
        => new ScoringDraws(draws, times, seed).For(_rows[i].Image, [1, Side, Side], 0, draws).Eps;

    private static void AssertClose(Tensor expected, float[][] found, int start, double tolerance)
    {
        for (int i = 0; i < Count; i++)
        {
            float[] row = expected[i].data<float>().ToArray();
            for (int j = 0; j < row.Length; j++)
                Assert.Equal(row[j], found[i][start + j], tolerance);
        }
    }

    private sealed class Represented
    {
        public float[] Representation { get; set; } = [];
    }

    private sealed class Labeled
    {
        [VectorType(Side * Side)]
        public byte[] Image { get; set; } = [];

        public bool Label { get; set; }
    }
}
