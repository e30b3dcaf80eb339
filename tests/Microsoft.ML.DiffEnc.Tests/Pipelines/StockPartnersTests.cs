using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Trainers;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Pipelines;

/// <summary>ML.NET's own trainers and evaluators behind ours. SDCA on one thread: on several it gives another result each time.</summary>
public sealed class StockPartnersTests(TrainedOnShades trained) : IClassFixture<TrainedOnShades>
{
    private const string Features = "Representation";
    private readonly MLContext _ml = trained.ML;

    public static TheoryData<string> MulticlassTrainers => ["SdcaMaximumEntropy", "LbfgsMaximumEntropy", "NaiveBayes", "OneVersusAll"];

    public static TheoryData<string> BinaryTrainers => ["LbfgsLogisticRegression", "SdcaLogisticRegression", "AveragedPerceptron", "LinearSvm"];

    // As they are: the classes differ in brightness alone, which rectified features are standardised against.
    private IEstimator<ITransformer> Representations => _ml.Generative().Representations(
        trained.Model, new() { Times = [0.1f], PoolingGrid = 2, Normalization = FeatureNormalization.None });

    [Theory]
    [MemberData(nameof(MulticlassTrainers))]
    public void A_multiclass_trainer_learns_classes_from_features_in_cross_validation(string trainer)
    {
        var trainers = _ml.MulticlassClassification.Trainers;
        IEstimator<ITransformer> learner = trainer switch
        {
            "SdcaMaximumEntropy" => trainers.SdcaMaximumEntropy(
                new SdcaMaximumEntropyMulticlassTrainer.Options { LabelColumnName = "Label", FeatureColumnName = Features, MaximumNumberOfIterations = 100, NumberOfThreads = 1 }),
            "LbfgsMaximumEntropy" => trainers.LbfgsMaximumEntropy("Label", Features, l1Regularization: 0, l2Regularization: 0.01f),
            "NaiveBayes" => trainers.NaiveBayes("Label", Features),
            _ => trainers.OneVersusAll(_ml.BinaryClassification.Trainers.AveragedPerceptron("Label", Features)),
        };
        var pipeline = Representations.Append(_ml.Transforms.NormalizeMeanVariance(Features)).AppendCacheCheckpoint(_ml)
            .Append(learner).Append(_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        IDataView data = trained.Data(80);

        var folds = _ml.MulticlassClassification.CrossValidate(data, pipeline, numberOfFolds: 2);
        double accuracy = folds.Average(fold => fold.Metrics.MicroAccuracy);
        Assert.True(accuracy > 0.9, $"{trainer}: {accuracy}");
        Assert.All(folds, fold => Assert.Contains("light", fold.Model.Transform(data).GetColumn<string>("PredictedLabel")));
        Assert.All(folds, fold => ((IDisposable)fold.Model).Dispose());
    }

    [Theory]
    [MemberData(nameof(BinaryTrainers))]
    public void A_binary_trainer_learns_a_label_of_truth_from_features_beside_a_score(string trainer)
    {
        var trainers = _ml.BinaryClassification.Trainers;
        var calibrators = _ml.BinaryClassification.Calibrators;
        IEstimator<ITransformer> learner = trainer switch
        {
            "LbfgsLogisticRegression" => trainers.LbfgsLogisticRegression("IsLight"),
            "SdcaLogisticRegression" => trainers.SdcaLogisticRegression(
                new SdcaLogisticRegressionBinaryTrainer.Options { LabelColumnName = "IsLight", MaximumNumberOfIterations = 100, NumberOfThreads = 1 }),
            "AveragedPerceptron" => trainers.AveragedPerceptron("IsLight").Append(calibrators.Platt("IsLight")),
            _ => trainers.LinearSvm("IsLight").Append(calibrators.Naive("IsLight")),
        };
        // The scores of the model, then features of the same image, then both as one column.
        var pipeline = _ml.Generative().FiniteDepth(trained.Model, new() { Depth = 4 })
            .Append(Representations)
            .Append(_ml.Transforms.CopyColumns("Bits", "BitsPerDimension"))
            .Append(_ml.Transforms.Concatenate("Features", Features, "Bits"))
            .Append(_ml.Transforms.NormalizeMeanVariance("Features")).AppendCacheCheckpoint(_ml)
            .Append(learner);
        IDataView data = _ml.Data.LoadFromEnumerable(Shades.Rows(30).Select(row => new Lit { Image = row.Image, IsLight = row.Label == "light" }));
        var split = _ml.Data.TrainTestSplit(data, testFraction: 0.4, seed: 3);

        using var model = pipeline.Fit(split.TrainSet);
        CalibratedBinaryClassificationMetrics metrics = _ml.BinaryClassification.Evaluate(model.Transform(split.TestSet), "IsLight");
        Assert.True(metrics.Accuracy > 0.9, $"{trainer}: {metrics.Accuracy}");
    }

    [Fact]
    public void Clusters_and_principal_components_are_found_among_features()
    {
        IDataView data = trained.Data(30);
        var pipeline = Representations.Append(_ml.Transforms.NormalizeMeanVariance(Features))
            .Append(_ml.Transforms.ProjectToPrincipalComponents("Components", Features, rank: 3))
            .Append(_ml.Clustering.Trainers.KMeans(Features, numberOfClusters: 2));
        using var model = pipeline.Fit(data);
        IDataView clustered = model.Transform(data);
        Assert.Equal(3, ((VectorDataViewType)clustered.Schema["Components"].Type).Size);
        // Each cluster is one class.
        var classes = clustered.GetColumn<uint>("PredictedLabel").Zip(clustered.GetColumn<uint>("Label")).Distinct().ToArray();
        Assert.Equal(2, classes.Length);
        Assert.NotEqual(classes[0].Second, classes[1].Second);
        Assert.True(_ml.Clustering.Evaluate(clustered, "Label", featureColumnName: Features).NormalizedMutualInformation > 0.9);
    }

    [Fact]
    public void Anomalies_among_features_are_found_by_a_stock_trainer()
    {
        var pipeline = Representations.Append(_ml.AnomalyDetection.Trainers.RandomizedPca(Features, rank: 2));
        using var model = pipeline.Fit(trained.Data(30));
        Assert.All(model.Transform(trained.Data(5)).GetColumn<float>("Score"), score => Assert.InRange(score, 0, 1));
    }

    [Fact]
    public void The_classifier_is_cross_validated_as_any_other()
    {
        var pipeline = _ml.Generative().BayesClassifier(trained.Model, new() { Draws = 1, TimesPerDraw = 2, Priors = ClassPriors.FromData });
        IDataView data = trained.Data(20);
        var folds = _ml.MulticlassClassification.CrossValidate(data, pipeline, numberOfFolds: 2);
        Assert.Equal(20, folds.Sum(fold => fold.ScoredHoldOutSet.GetColumn<uint>("PredictedLabel").Count()));
        // A model hardly trained knows nothing of classes; what counts is that the figures are those of its columns.
        foreach (var fold in folds)
        {
            var scored = fold.ScoredHoldOutSet;
            var found = scored.GetColumn<uint>("PredictedLabel").Zip(scored.GetColumn<uint>("Label"));
            double right = found.Average(row => row.First == row.Second ? 1.0 : 0);
            Assert.Equal(right, fold.Metrics.MicroAccuracy, 1e-9);
            ((IDisposable)fold.Model).Dispose();
        }
    }

    [Fact]
    public void A_training_is_cross_validated_with_a_stock_trainer_on_its_scores()
    {
        var pipeline = _ml.Generative().DiffEnc(PipelineStep.Trainer())
            .Append(_ml.Transforms.Concatenate("Features", "ReconstructionLoss", "LatentLoss", "DiffusionLoss"))
            .Append(_ml.Transforms.NormalizeMinMax("Features")).AppendCacheCheckpoint(_ml)
            .Append(_ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy());
        var folds = _ml.MulticlassClassification.CrossValidate(trained.Data(30), pipeline, numberOfFolds: 2);
        Assert.NotSame(DiffEncTransformer.FindIn(folds[0].Model).Model, DiffEncTransformer.FindIn(folds[1].Model).Model);
        Assert.All(folds, fold => Assert.InRange(fold.Metrics.LogLoss, 0, 1));
        Assert.All(folds, fold => ((IDisposable)fold.Model).Dispose());
    }

    [Fact]
    public void Verdicts_of_a_detector_are_evaluated_by_ML_NET()
    {
        using var detector = _ml.Generative().DetectAnomalies(trained.Model, new() { Score = AnomalyScore.BitsPerDimension, FalsePositiveRate = 0.2 })
            .Fit(trained.Data(9));
        var rows = Shades.Rows(12).Select((row, i) => new Judged { Image = i % 2 == 0 ? row.Image : Pictures.Pixels(i), Label = i % 2 });
        IDataView verdicts = detector.Transform(_ml.Data.LoadFromEnumerable(rows.ToArray()));
        AnomalyDetectionMetrics metrics = _ml.AnomalyDetection.Evaluate(verdicts, falsePositiveCount: 2);
        Assert.Equal(_ml.Generative().EvaluateAnomalies(verdicts).AreaUnderRocCurve, metrics.AreaUnderRocCurve, 1e-9);
    }

    private sealed class Lit
    {
        [VectorType(64)]
        public byte[] Image { get; set; } = [];

        public bool IsLight { get; set; }
    }

    private sealed class Judged
    {
        [VectorType(64)]
        public byte[] Image { get; set; } = [];

        public float Label { get; set; }
    }
}
