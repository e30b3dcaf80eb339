using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Microsoft.ML.DiffEnc.Transformers.Representations;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Representations;

/// <summary>The default treatment of features against the same by hand, from activations that are not treated.</summary>
public sealed class FeatureNormalizationTests : IDisposable
{
    private const int Side = TrainingRuns.Side, Count = 3, Grid = 2, Half = Side / Grid;

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
    public void Cells_of_positive_and_negative_parts_have_nearly_equal_lengths_and_the_whole_mean_square_one(FeaturePooling pooling)
    {
        var (found, names) = Represent(new() { PoolingGrid = Grid, Pooling = pooling });
        var (raw, _) = Represent(new() { PoolingGrid = Side, Normalization = FeatureNormalization.None });
        for (int i = 0; i < Count; i++)
        {
            Dictionary<string, double> expected = ByHand(raw[i], pooling);
            Assert.Equal(expected.Keys.Order(), names.Order()); // every slot by its name, once
            Assert.Equal(1, found[i].Average(v => v * v), 1e-4);
            for (int j = 0; j < names.Length; j++)
                Assert.Equal(expected[names[j]], found[i][j], 2e-4);
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

        // Draws are averaged before the lengths are divided out: the mean square stays one.
        float[] averaged = Represent(new() { Draws = 3, PoolingGrid = Grid }).Features[0];
        Assert.Equal(1, averaged.Average(v => v * v), 1e-4);
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
        using var written = new MemoryStream();
        RepresentationSettings.From(new RepresentationOptions(), _model).Write(written);
        written.Position = 0;
        Assert.Equal(FeatureNormalization.Cells, RepresentationSettings.Read(written, _model.Model).Features.Normalization);
    }

    /// <summary>The definition, number by number, in double precision.</summary>
    private static Dictionary<string, double> ByHand(float[] raw, FeaturePooling pooling)
    {
        int channels = raw.Length / (Side * Side);
        var cells = new Dictionary<string, double>();
        var energy = new double[Grid, Grid];
        for (int c = 0; c < channels; c++)
        {
            double[] values = [.. raw.Skip(c * Side * Side).Take(Side * Side).Select(v => (double)v)];
            double mean = values.Average();
            foreach (var (sign, factor) in new[] { ("+", 1), ("-", -1) })
                for (int y = 0; y < Grid; y++)
                    for (int x = 0; x < Grid; x++)
                    {
                        double[] cell = [.. from v in Enumerable.Range(y * Half, Half)
                                            from u in Enumerable.Range(x * Half, Half)
                                            select Math.Max(0, factor * (values[v * Side + u] - mean))];
                        void Add(int channel, double value)
                        {
                            cells[$"t=0.3 mid1{sign}[{channel},{y},{x}]"] = value;
                            energy[y, x] += value * value;
                        }
                        if (pooling != FeaturePooling.Max)
                            Add(c, cell.Average());
                        if (pooling != FeaturePooling.Mean)
                            Add(pooling == FeaturePooling.Max ? c : channels + c, cell.Max());
                    }
        }
        double floor = 0.1 * energy.Cast<double>().Average();
        foreach (string name in cells.Keys.ToArray())
        {
            int[] place = [.. name[(name.IndexOf('[', StringComparison.Ordinal) + 1)..^1].Split(',').Select(int.Parse)];
            cells[name] /= Math.Sqrt(energy[place[1], place[2]] + floor);
        }
        double scale = Math.Sqrt(cells.Values.Average(v => v * v));
        return cells.ToDictionary(c => c.Key, c => c.Value / scale);
    }

    private (float[][] Features, string[] Names) Represent(RepresentationOptions options)
    {
        using var transformer = _ml.Generative().Representations(_model, options).Fit(_data);
        IDataView found = transformer.Transform(_data);
        VBuffer<ReadOnlyMemory<char>> names = default;
        found.Schema["Representation"].GetSlotNames(ref names);
        return ([.. found.GetColumn<float[]>("Representation")], [.. names.DenseValues().Select(n => n.ToString())]);
    }
}
