using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Training;
using Microsoft.ML.Runtime;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Anomalies;

/// <summary>What a detector makes of the images that its model was trained on.</summary>
public sealed class TrainingImagesTests(AnomalyTests.Trained trained) : IClassFixture<AnomalyTests.Trained>
{
    private readonly MLContext _ml = new(seed: 5);
    private readonly DiffEncTransformer _model = trained.Model;

    [Fact]
    public void A_saved_model_remembers_its_training_images_and_detectors_use_them_unless_told_not_to()
    {
        var remembered = _model.Model.TrainingImages;
        Assert.Equal(300, remembered!.Count);
        using var file = new MemoryStream();
        IDataView normal = TrainingRuns.Discs(_ml, 40, seed: 3);
        _ml.Model.Save(_model, normal.Schema, file);
        file.Position = 0;
        using var loaded = DiffEncTransformer.FindIn(_ml.Model.Load(file, out _));
        Assert.Equal(remembered.Points, loaded.Model.TrainingImages!.Points);

        var options = AnomalyTests.Options(AnomalyScore.Neighbours);
        using var both = _ml.Generative().DetectAnomalies(loaded, options).Fit(normal);
        Assert.Equal(300 + 20, both.Settings.Norm.Features!.Count);
        options.UseTrainingImages = false;
        using var alone = _ml.Generative().DetectAnomalies(loaded, options).Fit(normal);
        Assert.Equal(20, alone.Settings.Norm.Features!.Count);
    }

    [Fact]
    public void Of_many_images_four_hundred_are_learned_from_and_the_others_calibrate()
    {
        using var detector = _ml.Generative().DetectAnomalies(_model, AnomalyTests.Options(AnomalyScore.Neighbours)).Fit(TrainingRuns.Discs(_ml, 850, seed: 3));
        Assert.Equal((300 + 400, 450), (detector.Settings.Norm.Features!.Count, detector.Settings.Calibration.Length));
    }

    [Theory]
    [InlineData(1, AnomalyScore.Profile, true)] // the seed of the training's own discs
    [InlineData(4, AnomalyScore.Profile, false)]
    [InlineData(1, AnomalyScore.BitsPerDimension, false)] // looks at no neighbours
    public void Calibrating_on_training_images_is_warned_of(int seed, AnomalyScore score, bool warns)
    {
        var warnings = new List<string>();
        _ml.Log += (_, e) =>
        {
            if (e.Kind == ChannelMessageKind.Warning)
                warnings.Add(e.Message);
        };
        IDataView images = _ml.Data.LoadFromEnumerable(TrainingRuns.Rows(40, seed));
        _ml.Generative().DetectAnomalies(_model, AnomalyTests.Options(score)).Fit(images).Dispose();
        Assert.Equal(warns, warnings.Any(w => w.Contains("Of the 40 normal images, at least 40 are among those", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(AnomalyScore.Profile)]
    [InlineData(AnomalyScore.Neighbours)]
    public void Calibrated_on_training_images_the_threshold_is_not_far_off(AnomalyScore score)
    {
        IDataView trained = _ml.Data.LoadFromEnumerable(TrainingRuns.Rows(80)), fresh = TrainingRuns.Discs(_ml, 200, seed: 8);
        using var detector = _ml.Generative().DetectAnomalies(_model, AnomalyTests.Options(score)).Fit(trained);
        Assert.Equal(300, detector.Settings.Norm.Features!.Count); // none is there twice
        int called = detector.Transform(fresh).GetColumn<bool>("PredictedLabel").Count(isAnomaly => isAnomaly);
        Assert.InRange(called, 4, 50); // of 200; 20 are asked for, and 40 images calibrate
    }

    [Fact]
    public void A_model_told_to_remember_nothing_remembers_nothing()
    {
        var options = TrainingRuns.Options(steps: 1);
        options.RememberedImages = 0;
        using var model = _ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(_ml, 20));
        Assert.Null(model.Model.TrainingImages);
        options.RememberedImages = -1;
        Assert.Contains("RememberedImages is -1; expected 0..65536", Assert.Throws<ArgumentOutOfRangeException>(() => _ml.Generative().DiffEnc(options)).Message, StringComparison.Ordinal);
    }
}
