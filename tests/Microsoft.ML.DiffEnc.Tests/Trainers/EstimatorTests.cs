using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Trainers;

/// <summary>The trainer as ML.NET's pipelines see it: an estimator that promises a schema and may be fitted again and again.</summary>
public sealed class EstimatorTests : IDisposable
{
    private static readonly string[] _added =
        ["Score", "BitsPerDimension", "LogLikelihood", "ReconstructionLoss", "LatentLoss", "DiffusionLoss", "StandardError"];

    private readonly MLContext _ml = new(seed: 5);
    private readonly DiffEncTransformer _other;

    public EstimatorTests() => _other = Scoring.Transformer(_ml);

    public static TheoryData<string> Inputs => ["vectors", "images", "a column that a score hides", "scores of another model"];

    public void Dispose() => _other.Dispose();

    [Theory]
    [MemberData(nameof(Inputs))]
    public void The_promised_schema_is_that_of_the_transformed_data(string input)
    {
        IDataView data = Data(input);
        var trainer = Trainer();
        using DiffEncTransformer model = trainer.Fit(data);
        SchemaShape promised = trainer.GetOutputSchema(SchemaShape.Create(data.Schema));
        SchemaShape found = SchemaShape.Create(model.Transform(data).Schema);
        Assert.Equal(Schemas.Columns(found), Schemas.Columns(promised));
        Assert.Equal(Schemas.Columns(found), Schemas.Columns(SchemaShape.Create(model.GetOutputSchema(data.Schema))));
        Assert.Empty(_added.Except(promised.Select(c => c.Name)));
        // What was there stays: names, types and annotations.
        Assert.Empty(Schemas.Columns(SchemaShape.Create(data.Schema)).Where(c => !_added.Contains(c.Split(' ')[0])).Except(Schemas.Columns(promised)));
    }

    [Fact]
    public void A_pipeline_promises_what_its_last_transformer_gives()
    {
        IDataView data = Data("vectors");
        var pipeline = _ml.Transforms.CopyColumns("Again", "Image").Append(Trainer()).Append(_ml.Transforms.CopyColumns("Anomaly", "Score"));
        var model = pipeline.Fit(data);
        using DiffEncTransformer trained = DiffEncTransformer.FindIn(model);
        SchemaShape promised = pipeline.GetOutputSchema(SchemaShape.Create(data.Schema));
        Assert.Equal(Schemas.Columns(SchemaShape.Create(model.Transform(data).Schema)), Schemas.Columns(promised));
    }

    [Theory]
    [InlineData("vectors")]
    [InlineData("images")]
    public void Preview_shows_the_scores(string input)
    {
        IDataView data = Data(input);
        using DiffEncTransformer model = Trainer().Fit(data);
        IDataView scored = model.Transform(data);
        DataDebuggerPreview preview = scored.Preview(maxRows: 5);
        Assert.Equal(5, preview.RowView.Length);
        Assert.Equal(scored.Schema.Select(c => c.Name), preview.ColumnView.Select(c => c.Column.Name));
        float[] scores = [.. scored.GetColumn<float>("Score").Take(5)];
        Assert.Equal(scores, preview.ColumnView.Single(c => c.Column.Name == "Score").Values.Cast<float>());
        Assert.Equal(scores, preview.RowView.Select(row => (float)row.Values.Single(v => v.Key == "Score").Value));
        Assert.All(scores, score => Assert.True(score > 0));
    }

    [Fact]
    public void Fits_of_one_trainer_are_independent_of_each_other()
    {
        var folds = _ml.Data.CrossValidationSplit(TrainingRuns.Discs(_ml, 60), numberOfFolds: 2);
        DiffEncTrainer shared = Trainer(), untouched = Trainer();
        DiffEncTransformer first = shared.Fit(folds[0].TrainSet);
        var weights = TrainingRuns.Weights(first);
        float[] scores = Scores(first, folds[0].TestSet);

        using DiffEncTransformer second = shared.Fit(folds[1].TrainSet);
        Assert.Equal(weights, TrainingRuns.Weights(first));
        Assert.Equal(scores, Scores(first, folds[0].TestSet));
        using (DiffEncTransformer alone = untouched.Fit(folds[1].TrainSet))
        {
            Assert.Equal(TrainingRuns.Weights(alone), TrainingRuns.Weights(second));
            Assert.Equal(Scores(alone, folds[1].TestSet), Scores(second, folds[1].TestSet));
        }
        Assert.NotEqual(weights["denoiser.conv_in.weight"], TrainingRuns.Weights(second)["denoiser.conv_in.weight"]);

        float[] before = Scores(second, folds[1].TestSet);
        first.Dispose();
        Assert.Equal(before, Scores(second, folds[1].TestSet));
        using DiffEncTransformer again = shared.Fit(folds[0].TrainSet);
        Assert.Equal(weights, TrainingRuns.Weights(again));
    }

    private static float[] Scores(DiffEncTransformer model, IDataView data) => [.. model.Transform(data).GetColumn<float>("Score")];

    private DiffEncTrainer Trainer()
    {
        var options = TrainingRuns.Options(steps: 3); // the first step has no learning rate, the second moves the last layers only
        options.WarmUpSteps = 0;
        options.ScoringTimesPerDraw = 1;
        return _ml.Generative().DiffEnc(options);
    }

    private IDataView Data(string input)
    {
        IDataView vectors = _ml.Data.LoadFromEnumerable(Pictures.VectorRows(10).ToArray());
        switch (input)
        {
            case "images":
                return _ml.Data.LoadFromEnumerable(Pictures.ImageRows(10).ToArray());
            case "a column that a score hides":
                return _ml.Transforms.CopyColumns("Score", "Text").Append(_ml.Transforms.Conversion.MapValueToKey("LatentLoss", "Text"))
                    .Fit(vectors).Transform(vectors);
            case "scores of another model":
                return _other.Transform(vectors);
            default:
                return vectors;
        }
    }
}
