using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Tests.Training;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Evaluation;

public class SampleEvaluationTests
{
    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void Pictures_of_one_kind_are_nearer_than_pictures_of_two()
    {
        using var model = Scoring.Transformer(_ml);
        var metrics = _ml.Generative().EvaluateSamples(model, TrainingRuns.Discs(_ml, 60, seed: 1), TrainingRuns.Discs(_ml, 90, seed: 2));
        Assert.Equal((60, 90), (metrics.Samples, metrics.References));
        Assert.InRange(metrics.EnergyDistance, -0.02, 0.02);
        var inverted = TrainingRuns.Rows(60, seed: 3);
        foreach (var row in inverted)
            row.Image = Array.ConvertAll(row.Image, v => (byte)(255 - v));
        var other = _ml.Generative().EvaluateSamples(model, _ml.Data.LoadFromEnumerable(inverted), TrainingRuns.Discs(_ml, 90, seed: 2));
        Assert.True(other.EnergyDistance > 0.2, $"{other}");
        Assert.InRange(other.StandardError, 1e-4, 0.1);
    }

    [Fact]
    public void The_distance_is_in_units_of_the_whole_range_of_pixel_values()
    {
        // All black against all white: D = 2, whatever the size.
        using var model = Scoring.Transformer(_ml);
        IDataView Plain(byte value)
        {
            var rows = TrainingRuns.Rows(2);
            foreach (var row in rows)
                row.Image = [.. row.Image.Select(_ => value)];
            return _ml.Data.LoadFromEnumerable(rows);
        }
        Assert.Equal(2, _ml.Generative().EvaluateSamples(model, Plain(0), Plain(255)).EnergyDistance, 1e-9);
    }

    [Fact]
    public void One_picture_is_no_sample()
    {
        using var model = Scoring.Transformer(_ml);
        var error = Assert.Throws<InvalidOperationException>(
            () => _ml.Generative().EvaluateSamples(model, TrainingRuns.Discs(_ml, 1), TrainingRuns.Discs(_ml, 5)));
        Assert.Contains("1 images in the data 'samples'", error.Message, StringComparison.Ordinal);
    }
}
