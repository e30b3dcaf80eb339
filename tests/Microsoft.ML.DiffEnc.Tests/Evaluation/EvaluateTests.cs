using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Evaluation;

public class EvaluateTests
{
    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void Means_and_standard_error_are_those_of_the_rows()
    {
        using DiffEncTransformer transformer = Scoring.Transformer(_ml);
        IDataView scored = transformer.Transform(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(20)));
        ScoredRow[] rows = Scoring.Rows(_ml, scored);
        GenerativeMetrics metrics = _ml.Generative().Evaluate(scored);

        double mean = rows.Average(r => (double)r.BitsPerDimension);
        double error = Math.Sqrt(rows.Sum(r => Math.Pow(r.BitsPerDimension - mean, 2)) / 19 / 20);
        Assert.Equal(20, metrics.Rows);
        Assert.Equal(mean, metrics.BitsPerDimension, 1e-9 * mean);
        Assert.Equal(error, metrics.StandardError, 1e-9 * mean);
        Assert.Equal(rows.Average(r => (double)r.ReconstructionLoss), metrics.ReconstructionLoss, 1e-9 * mean);
        Assert.Equal(rows.Average(r => (double)r.LatentLoss), metrics.LatentLoss, 1e-9 * mean);
        Assert.Equal(rows.Average(r => (double)r.DiffusionLoss), metrics.DiffusionLoss, 1e-9 * mean);
    }

    [Fact]
    public void One_row_has_no_standard_error()
    {
        GenerativeMetrics metrics = _ml.Generative().Evaluate(_ml.Data.LoadFromEnumerable([new ScoredRow { BitsPerDimension = 3 }]));
        Assert.Equal((1, 3), (metrics.Rows, metrics.BitsPerDimension));
        Assert.True(double.IsNaN(metrics.StandardError));
    }

    [Fact]
    public void The_standard_error_is_exact_where_the_spread_is_small_beside_the_mean()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(
            Enumerable.Range(0, 1000).Select(i => new ScoredRow { BitsPerDimension = 4096 + i % 2 / 1024f }));
        double expected = Math.Sqrt(1000 * Math.Pow(1 / 2048.0, 2) / 999 / 1000);
        Assert.Equal(expected, _ml.Generative().Evaluate(data).StandardError, 1e-9 * expected);
    }

    [Fact]
    public void Empty_data_are_refused()
        => Refused<InvalidOperationException>(_ml.Data.LoadFromEnumerable(Array.Empty<ScoredRow>()), "no rows");

    [Fact]
    public void A_missing_column_is_named_beside_those_that_exist()
        => Refused<ArgumentOutOfRangeException>(
            _ml.Data.LoadFromEnumerable([new { Label = 1f }]), "no column 'BitsPerDimension'", "Label", "DiffEncTransformer");

    [Fact]
    public void A_renamed_column_is_missed()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new ScoredRow()]);
        IDataView renamed = _ml.Transforms.CopyColumns("Renamed", "LatentLoss").Append(_ml.Transforms.DropColumns("LatentLoss"))
            .Fit(data).Transform(data);
        Refused<ArgumentOutOfRangeException>(renamed, "no column 'LatentLoss'", "Renamed");
    }

    [Fact]
    public void A_column_hidden_by_one_of_another_type_is_refused_with_its_type()
    {
        IDataView data = _ml.Data.LoadFromEnumerable([new ScoredRow()]);
        IDataView hidden = _ml.Transforms.Conversion.ConvertType("DiffusionLoss", outputKind: ML.Data.DataKind.String).Fit(data).Transform(data);
        Refused<ArgumentOutOfRangeException>(hidden, "'DiffusionLoss' is String", "expected Single");
    }

    private void Refused<TError>(IDataView scored, params string[] words)
        where TError : Exception
    {
        var error = Assert.Throws<TError>(() => _ml.Generative().Evaluate(scored));
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }
}
