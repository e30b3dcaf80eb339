using SemiSupervised;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Samples;

/// <summary>The rows that the sample and the study of few labels give to ML.NET's classifiers.</summary>
public class FeatureRowsTests
{
    [Fact]
    public void Every_class_is_learned_and_counted_the_first_and_the_last_too()
    {
        var ml = new MLContext(seed: 1);
        int[] classes = [0, 1, 2, 0, 1, 2, 2];
        float[][] features = [.. classes.Select(c => Enumerable.Range(0, 3).Select(i => i == c ? 100f : 0f).ToArray())];
        IDataView rows = FeatureRows.View(ml, features, classes, classes: 3);
        var metrics = ml.MulticlassClassification.Evaluate(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy().Fit(rows).Transform(rows));
        Assert.Equal(1, metrics.MicroAccuracy);
        Assert.Equal([2.0, 2, 3], metrics.ConfusionMatrix.Counts.Select(row => row.Sum()));
    }
}
