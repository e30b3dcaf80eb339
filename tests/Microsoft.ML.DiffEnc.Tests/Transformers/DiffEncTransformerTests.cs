using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Transformers;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers;

public sealed class DiffEncTransformerTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly DiffEncTransformer _transformer;

    public DiffEncTransformerTests() => _transformer = Scoring.Transformer(_ml);

    public void Dispose() => _transformer.Dispose();

    [Fact]
    public void The_columns_fit_together()
    {
        ScoredRow[] rows = Scoring.Rows(_ml, _transformer.Transform(Vectors(5)));
        Assert.Equal(5, rows.Select(row => row.Score).Distinct().Count());
        foreach (ScoredRow row in rows)
        {
            Assert.Equal(row.BitsPerDimension, row.Score);
            Assert.Equal(row.BitsPerDimension, row.ReconstructionLoss + row.LatentLoss + row.DiffusionLoss, 1e-4 * row.BitsPerDimension);
            Assert.Equal(-row.BitsPerDimension * 64 * Math.Log(2), row.LogLikelihood, 1e-5 * Math.Abs(row.LogLikelihood));
            Assert.True(row.StandardError > 0);
        }
    }

    [Fact]
    public void One_draw_has_no_standard_error()
    {
        using DiffEncTransformer one = Scoring.Transformer(_ml, settings: Scoring.Settings with { Draws = 1 });
        Assert.All(Scoring.Rows(_ml, one.Transform(Vectors(3))), row => Assert.True(float.IsNaN(row.StandardError) && float.IsFinite(row.Score)));
    }

    [Fact]
    public void Batches_row_order_company_and_a_prediction_engine_do_not_change_a_score()
    {
        float[] expected = Scoring.Scores(_ml, _transformer.Transform(Vectors(70)));
        VectorRow[] rows = [.. Pictures.VectorRows(70)];
        Assert.Equal(expected.Reverse(), Scoring.Scores(_ml, _transformer.Transform(_ml.Data.LoadFromEnumerable(rows.Reverse()))));
        Assert.Equal(expected[13], Scoring.Scores(_ml, _transformer.Transform(_ml.Data.LoadFromEnumerable([rows[13]]))).Single());
        Assert.Equal(expected, Scoring.Scores(_ml, _transformer.Transform(_ml.Data.LoadFromEnumerable(Pictures.ImageRows(70)))));

        PredictionEngine<VectorRow, ScoredRow> engine = Engine<VectorRow>(_transformer);
        Assert.Equal(expected, rows.Select(row => engine.Predict(row).Score));
    }

    [Fact]
    public void Threads_with_engines_and_transforms_at_once_get_the_same_scores()
    {
        float[] expected = Scoring.Scores(_ml, _transformer.Transform(Vectors(40)));
        Parallel.For(0, 6, new ParallelOptions { MaxDegreeOfParallelism = 6 }, thread =>
        {
            if (thread % 2 == 0)
            {
                Assert.Equal(expected, Scoring.Scores(_ml, _transformer.Transform(Vectors(40))));
                return;
            }
            PredictionEngine<ImageRow, ScoredRow> engine = Engine<ImageRow>(_transformer);
            Assert.Equal(expected, Pictures.ImageRows(40).Select(row => engine.Predict(row).Score));
        });
    }

    [Fact]
    public void A_source_that_is_read_by_several_threads_gives_the_same_scores_in_order()
    {
        float[] expected = Scoring.Scores(_ml, _transformer.Transform(Vectors(10)));
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, Enumerable.Range(0, 200).Select(i => string.Join('\t', Pictures.Pixels(i % 10))));
            IDataView text = _ml.Data.LoadFromTextFile(file, [new("Image", DataKind.Byte, 0, 63)]);
            Assert.Equal(Enumerable.Repeat(expected, 20).SelectMany(scores => scores), _transformer.Transform(text).GetColumn<float>("Score"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Colour_images_are_scored_in_either_layout()
    {
        using DiffEncTransformer planes = Scoring.Transformer(_ml, channels: 3);
        using DiffEncTransformer pixels = Scoring.Transformer(_ml, channels: 3, Scoring.Settings with { PixelLayout = PixelLayout.Interleaved });
        IDataView images = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 5)
            .Select(i => new ImageRow { Image = Pictures.Image(Pictures.Pixels(i, 3), 8, 8) }));
        float[] expected = Scoring.Scores(_ml, planes.Transform(images));
        foreach (bool interleave in new[] { false, true })
        {
            IDataView vectors = _ml.Transforms.ExtractPixels("Image", interleavePixelColors: interleave).Fit(images).Transform(images);
            Assert.Equal(expected, Scoring.Scores(_ml, (interleave ? pixels : planes).Transform(vectors)));
        }
    }

    [Fact]
    public void The_schema_is_the_same_from_every_side()
    {
        DataViewSchema input = Vectors(1).Schema;
        string[] names = ["Score", "BitsPerDimension", "LogLikelihood", "ReconstructionLoss", "LatentLoss", "DiffusionLoss", "StandardError"];
        DataViewSchema promised = _transformer.GetOutputSchema(input);
        Assert.Equal([.. input.Select(c => c.Name), .. names], promised.Select(c => c.Name));
        Assert.All(names, name => Assert.Equal(NumberDataViewType.Single, promised[name].Type));
        Assert.True(_transformer.IsRowToRowMapper);
        foreach (DataViewSchema schema in new[] { _transformer.Transform(Vectors(1)).Schema, _transformer.GetRowToRowMapper(input).OutputSchema })
            Assert.Equal(promised.Select(c => (c.Name, c.Type.ToString())), schema.Select(c => (c.Name, c.Type.ToString())));

        SchemaShape shape = LikelihoodColumns.AppendTo(SchemaShape.Create(input));
        Assert.Equal(promised.Select(c => c.Name).Order(), shape.Select(c => c.Name).Order());
        Assert.True(shape.TryFindColumn("Score", out SchemaShape.Column score));
        Assert.True(SchemaShape.Create(promised).TryFindColumn("Score", out SchemaShape.Column actual));
        Assert.Equal(score.Annotations.Select(c => c.Name).Order(), actual.Annotations.Select(c => c.Name).Order());
        Assert.True(score.IsCompatibleWith(actual));
    }

    [Fact]
    public void Score_is_annotated_as_an_anomaly_score_and_ML_NET_ranks_by_it()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 20).Select(i => new LabeledRow
        {
            Label = i % 2,
            Image = i % 4 == 0 ? new byte[64] : Pictures.Pixels(i), // black pictures stand apart, and all have the label 0
        }).ToArray());
        IDataView scored = _transformer.Transform(data);
        ReadOnlyMemory<char> kind = default;
        scored.Schema["Score"].Annotations.GetValue("ScoreColumnKind", ref kind);
        Assert.Equal("AnomalyDetection", kind.ToString());

        // The area is the share of pairs in which the anomaly (label 1) has the higher score.
        var rows = scored.GetColumn<float>("Label").Zip(scored.GetColumn<float>("Score")).ToArray();
        float[] anomalies = [.. rows.Where(r => r.First == 1).Select(r => r.Second)], normal = [.. rows.Where(r => r.First == 0).Select(r => r.Second)];
        double expected = anomalies.Average(a => normal.Average(n => a > n ? 1 : a == n ? 0.5 : 0));
        Assert.False(expected is > 0.4 and < 0.6 or 0 or 1, $"At {expected} the other direction or no order at all could pass.");
        double area = _ml.AnomalyDetection.Evaluate(scored, predictedLabelColumnName: "Score", falsePositiveCount: 2).AreaUnderRocCurve;
        Assert.Equal(expected, area, 1e-6);
    }

    [Fact]
    public void A_wrong_column_is_refused_before_any_row_is_read()
    {
        IDataView wrong = _ml.Data.LoadFromEnumerable([new { Pixels = 1f }]);
        foreach (Action use in new Action[]
        {
            () => _transformer.Transform(wrong), () => _transformer.GetOutputSchema(wrong.Schema), () => _transformer.GetRowToRowMapper(wrong.Schema),
        })
            Assert.Contains("no image column 'Image'", Assert.Throws<ArgumentOutOfRangeException>(use).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_row_is_named_by_batches_and_by_engines()
    {
        VectorRow[] rows = [.. Pictures.VectorRows(5)];
        rows[3].Image[9] = 0.5f;
        Exception error = Assert.ThrowsAny<Exception>(() => Scoring.Scores(_ml, _transformer.Transform(_ml.Data.LoadFromEnumerable(rows))));
        Assert.Contains("Row 3 of the image column 'Image' has the value 0.5 at index 9", error.ToString(), StringComparison.Ordinal);
        error = Assert.Throws<InvalidOperationException>(() => Engine<VectorRow>(_transformer).Predict(rows[3]));
        Assert.Contains("the value 0.5 at index 9", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disposed_transformer_says_so()
    {
        IDataView view = _transformer.Transform(Vectors(3));
        _transformer.Dispose();
        _transformer.Dispose();
        Exception error = Assert.ThrowsAny<Exception>(() => Scoring.Scores(_ml, view));
        Assert.IsType<ObjectDisposedException>(error.GetBaseException());
        error = Assert.Throws<ObjectDisposedException>(() => _transformer.Transform(Vectors(3)));
        Assert.Contains("OwnsTransformer", error.Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => _transformer.Generate(1));
        Assert.Throws<ObjectDisposedException>(() => _transformer.Model.NamedParameters);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Generated_images_are_opaque_and_repeatable(int channels)
    {
        using DiffEncTransformer transformer = Scoring.Transformer(_ml, channels);
        var options = new GenerationOptions { Steps = 2, Seed = 5 };
        IReadOnlyList<MLImage> images = transformer.Generate(2, options), again = transformer.Generate(2, options);
        Assert.Equal(2, images.Count);
        Assert.Equal(images.Select(i => i.Pixels.ToArray()), again.Select(i => i.Pixels.ToArray()));
        Assert.NotEqual(images[0].Pixels.ToArray(), images[1].Pixels.ToArray());
        foreach (MLImage image in images)
        {
            Assert.Equal((8, 8, MLPixelFormat.Bgra32), (image.Width, image.Height, image.PixelFormat));
            byte[] pixels = image.Pixels.ToArray();
            Assert.All(pixels.Chunk(4), p => Assert.Equal(255, p[3]));
            Assert.Equal(channels == 1, pixels.Chunk(4).All(p => p[0] == p[1] && p[1] == p[2]));
        }
    }

    [Fact]
    public void Generation_refuses_what_is_out_of_range()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _transformer.Generate(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _transformer.Generate(1, new GenerationOptions { Steps = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => _transformer.Generate(1, new GenerationOptions { Sampler = (SamplerKind)99 }));
        var cancelled = new GenerationOptions { CancellationToken = new CancellationToken(canceled: true) };
        Assert.Throws<OperationCanceledException>(() => _transformer.Generate(1, cancelled));
    }

    private IDataView Vectors(int count) => _ml.Data.LoadFromEnumerable(Pictures.VectorRows(count));

    // Engines own their transformer by default, and would dispose of it.
    private PredictionEngine<TRow, ScoredRow> Engine<TRow>(ITransformer transformer)
        where TRow : class => _ml.Model.CreatePredictionEngine<TRow, ScoredRow>(transformer, new PredictionEngineOptions { OwnsTransformer = false });

    private sealed class LabeledRow
    {
        public float Label { get; set; }

        [VectorType(64)]
        public byte[] Image { get; set; } = [];
    }
}
