using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Microsoft.ML.DiffEnc.Transformers.Representations;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Representations;

/// <summary>The default treatment of features against the same by hand, from activations that are not treated.</summary>
public sealed class FeatureNormalizationTests : IDisposable
{
    private const int Side = TrainingRuns.Side, Count = 3, Grid = 2, Cell = Side / Grid;

    private readonly MLContext _ml = new(seed: 5);
    private readonly DiffEncTransformer _model;
    private readonly IDataView _data;

    public FeatureNormalizationTests()
    {
        var description = Models.Describe(EncoderKind.Trainable, Side);
        _model = new DiffEncTransformer(_ml, Models.Create(description, dtype: ScalarType.Float32), Scoring.Settings);
        _data = _ml.Data.LoadFromEnumerable(TrainingRuns.Rows(Count));
    }

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(FeaturePooling.Mean)]
    [InlineData(FeaturePooling.Max)]
    [InlineData(FeaturePooling.MeanAndMax)]
    public void Parts_above_and_below_the_mean_are_pooled_apart_scaled_to_root_mean_square_one_and_centred(FeaturePooling pooling)
    {
        var (found, names) = Represent(new() { PoolingGrid = Grid, Pooling = pooling });
        var (raw, _) = Represent(new() { PoolingGrid = Side, Normalization = FeatureNormalization.None });
        Dictionary<string, double>[] expected = [.. raw.Select(row => ByHand(row, pooling))];
        Assert.Equal(expected[0].Keys.Order(), names.Order()); // every slot by its name, once
        for (int j = 0; j < names.Length; j++)
        {
            double mean = expected.Average(row => row[names[j]]); // over the pictures that Fit saw
            for (int i = 0; i < Count; i++)
                Assert.Equal((expected[i][names[j]] - mean) * RectifiedFeatures.CentredScale, found[i][j], 2e-3);
        }
    }

    [Fact]
    public void Times_stand_side_by_side_as_each_is_alone_when_several_draws_are_averaged()
    {
        float[] together = Represent(new() { Times = [0.2f, 0.6f], Kind = RepresentationKind.EncoderFeatures, Block = "mid1", PoolingGrid = Grid }).Features[0];
        float[][] alone = [.. new[] { 0.2f, 0.6f }.Select(t =>
            Represent(new() { Times = [t], Kind = RepresentationKind.EncoderFeatures, Block = "mid1", PoolingGrid = Grid }).Features[0])];
        Assert.Equal(together.Length, alone.Sum(a => a.Length));
        foreach (var (expected, value) in alone.SelectMany(a => a).Zip(together))
            Assert.Equal(expected, value, 1e-4f);

        // Draws are averaged before the scale is: the mean square stays one.
        var extractor = new FeatureExtractor(_model.Model, RepresentationSettings.From(new() { Draws = 3, PoolingGrid = Grid }, _model).Features);
        var averaged = new float[extractor.Size];
        extractor.Extract(TrainingRuns.Rows(Count)[0].Image, 1, averaged);
        Assert.Equal(1, averaged.Average(v => v * v), 2e-3);
    }

    [Fact]
    public void Without_draws_the_denoiser_sees_no_noise_and_the_seed_does_not_matter()
    {
        float[] Of(int draws, int seed) => Represent(new() { Draws = draws, Seed = seed, PoolingGrid = Grid, Normalization = FeatureNormalization.None }).Features[0];
        Assert.Equal(Of(0, seed: 1), Of(0, seed: 2));
        Assert.NotEqual(Of(1, seed: 1), Of(1, seed: 2));
        Assert.Equal(Of(0, seed: 1), Represent(new() { PoolingGrid = Grid, Normalization = FeatureNormalization.None }).Features[0]);

        // The mean of z_t goes in, with the Fourier features that it has: conv_in of it by hand.
        using var scope = NewDisposeScope();
        var model = _model.Model;
        float[] found = Represent(new() { Block = "conv_in", PoolingGrid = Side, Normalization = FeatureNormalization.None }).Features[0];
        var gamma = full(1, -13.3 + 18.3 * 0.3, dtype: float64);
        var x = model.Scale(tensor(TrainingRuns.Rows(Count)[0].Image, dtype: uint8).reshape(1, 1, Side, Side));
        var z = (1 / (1 + gamma.exp())).sqrt().to(float32) * model.Encode(x, gamma);
        var angles = cat([z * (2 * Math.PI * 64), z * (2 * Math.PI * 128)], 1);
        var weights = model.NamedParameters;
        var expected = nn.functional.conv2d(
            cat([z, angles.sin(), angles.cos()], 1), weights["denoiser.conv_in.weight"], weights["denoiser.conv_in.bias"], padding: [1, 1]);
        Assert.True(allclose(expected, tensor(found).reshape(expected.shape), rtol: 1e-3, atol: 1e-3));
    }

    [Fact]
    public void Settings_written_before_there_was_a_choice_mean_features_as_they_were()
    {
        const string old = """
            {
              "inputColumnName": "Image", "pixelLayout": "ChannelsFirst", "outputColumnName": "Representation",
              "features": {
                "kind": "DenoiserFeatures", "times": [ 0.3 ], "block": "mid1", "grid": 2, "pooling": "Mean", "draws": 1, "seed": 7
              }
            }
            """;
        var settings = RepresentationSettings.Read(new MemoryStream(Encoding.UTF8.GetBytes(old)), _model.Model);
        Assert.Equal(FeatureNormalization.None, settings.Features.Normalization);
        Assert.False(settings.IsCentred);
        // Then rectified features came, that were not centred.
        string next = old.Replace("\"seed\": 7", "\"seed\": 7, \"normalization\": \"Rectified\"", StringComparison.Ordinal);
        settings = RepresentationSettings.Read(new MemoryStream(Encoding.UTF8.GetBytes(next)), _model.Model);
        Assert.Equal((FeatureNormalization.Rectified, false), (settings.Features.Normalization, settings.IsCentred));
        using var transformer = new RepresentationTransformer(_ml, _model.Share(), settings, mean: null);
        foreach (float[] features in transformer.Transform(_data).GetColumn<float[]>("Representation"))
        {
            Assert.Equal(1, features.Average(v => v * v), 2e-3);
            Assert.All(features, v => Assert.True(v >= 0));
        }

        using var written = new MemoryStream();
        RepresentationSettings.From(new RepresentationOptions(), _model).Write(written);
        written.Position = 0;
        settings = RepresentationSettings.Read(written, _model.Model);
        Assert.Equal((FeatureNormalization.Rectified, true), (settings.Features.Normalization, settings.IsCentred));
    }

    /// <summary>The definition, number by number, in double precision.</summary>
    private static Dictionary<string, double> ByHand(float[] raw, FeaturePooling pooling)
    {
        int channels = raw.Length / (Side * Side);
        double[][] all = [.. Enumerable.Range(0, channels).Select(c => raw.Skip(c * Side * Side).Take(Side * Side).Select(v => (double)v).ToArray())];
        double[] variances = [.. all.Select(values => values.Average(v => Math.Pow(v - values.Average(), 2)))];
        var features = new Dictionary<string, double>();
        for (int c = 0; c < channels; c++)
        {
            double mean = all[c].Average(), deviation = Math.Sqrt(variances[c] + 1e-4 * variances.Average());
            foreach (var (sign, factor) in new[] { ("+", 1), ("-", -1) })
            {
                double[] part = [.. all[c].Select(v => Math.Max(0, factor * (v - mean) / deviation - 0.5))];
                for (int y = 0; y < Grid; y++)
                    for (int x = 0; x < Grid; x++)
                    {
                        double[] window = [.. Window(y).SelectMany(v => Window(x).Select(u => part[v * Side + u]))];
                        if (pooling != FeaturePooling.Max)
                            features[$"t=0.3 mid1{sign}[{c},{y},{x}]"] = window.Average();
                        if (pooling != FeaturePooling.Mean)
                            features[$"t=0.3 mid1{sign}[{(pooling == FeaturePooling.Max ? c : channels + c)},{y},{x}]"] = window.Max();
                    }
            }
        }
        double scale = Math.Sqrt(features.Values.Average(v => v * v));
        return features.ToDictionary(f => f.Key, f => f.Value / scale);
    }

    /// <summary>A cell and half of each of its neighbours.</summary>
    private static IEnumerable<int> Window(int cell)
        => Enumerable.Range(cell * Cell - Cell / 2, 2 * Cell).Where(place => place >= 0 && place < Side);

    private (float[][] Features, string[] Names) Represent(RepresentationOptions options)
    {
        using var transformer = _ml.Generative().Representations(_model, options).Fit(_data);
        IDataView found = transformer.Transform(_data);
        VBuffer<ReadOnlyMemory<char>> names = default;
        found.Schema["Representation"].GetSlotNames(ref names);
        return ([.. found.GetColumn<float[]>("Representation")], [.. names.DenseValues().Select(n => n.ToString())]);
    }
}
