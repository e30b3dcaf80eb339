using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Tests.Support;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public class PrecisionTests
{
    private readonly MLContext _ml = new(seed: 5);

    [Fact]
    public void BFloat16_trains_weights_in_single_precision_to_nearly_the_same_losses()
    {
        (double First, double Mean) Losses(TrainingPrecision precision) // few and small: many CPUs only emulate it, a thousand times slower
        {
            const int steps = 3;
            var reports = new List<TrainingProgress>(); // each of the steps since the last one, which are as many as time allows
            var options = TrainingRuns.Options(steps);
            (options.Precision, options.BatchSize, options.WarmUpSteps) = (precision, 4, 1);
            options.Progress = new TrainingRuns.Callback(reports.Add);
            using var model = _ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(_ml, 8));
            Assert.All(model.Model.NamedParameters.Values, w => Assert.Equal(float32, w.dtype));
            double sum = reports.Select((r, i) => r.BitsPerDimension * (r.Step - (i == 0 ? 0 : reports[i - 1].Step))).Sum();
            return (reports[0].BitsPerDimension, sum / steps);
        }
        var (single, half) = (Losses(TrainingPrecision.Float32), Losses(TrainingPrecision.BFloat16));
        Assert.NotEqual(single, half);
        Assert.Equal(single.First, half.First, 0.1 * single.First);
        Assert.Equal(single.Mean, half.Mean, 0.1 * single.Mean);
    }

    [Theory]
    [InlineData(EncoderKind.Trainable)]
    [InlineData(EncoderKind.None)]
    public void Losses_in_BFloat16_are_those_of_single_precision_to_its_rounding(EncoderKind encoder)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = Models.Create(Models.Describe(encoder), dtype: ScalarType.Float32);
        var images = Models.Images(model, 2);
        var (eps0, eps) = (Models.Noise(model, 2, 1), Models.Noise(model, 2, 2));
        var times = linspace(0.1, 0.9, 2, dtype: float64);
        var exact = model.Bound(images, times, eps0, eps).Diffusion;
        model.Precision = TrainingPrecision.BFloat16;
        var rounded = model.Bound(images, times, eps0, eps).Diffusion;
        Assert.Equal(float32, rounded.dtype);
        double far = ((rounded - exact).abs() / exact).max().item<float>();
        Assert.InRange(far, 1e-6, 0.06);
        model.Precision = TrainingPrecision.Float32; // and nothing of it stays switched on
        Assert.True(model.Bound(images, times, eps0, eps).Diffusion.equal(exact).all().item<bool>());
    }

    [Fact]
    public void A_precision_that_the_CPU_has_not_is_warned_of()
    {
        var messages = new List<string>();
        PrecisionSupport.Check(TrainingPrecision.TensorFloat32, CPU, messages.Add);
        Assert.Contains("TensorFloat32", Assert.Single(messages), StringComparison.Ordinal);
        messages.Clear();
        PrecisionSupport.Check(TrainingPrecision.BFloat16, CPU, messages.Add);
        Assert.Equal(PrecisionSupport.CpuHasBFloat16 ? 0 : 1, messages.Count);
        PrecisionSupport.Check(TrainingPrecision.Float32, CPU, _ => Assert.Fail("Nothing to warn of."));
    }

    [Fact]
    public void A_checkpoint_of_another_precision_is_not_continued()
    {
        var folder = Directory.CreateTempSubdirectory("diffenc-precision");
        try
        {
            var options = TrainingRuns.Options(steps: 1);
            options.CheckpointFolder = folder.FullName;
            _ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(_ml, 20)).Dispose();
            (options.Precision, options.Steps) = (TrainingPrecision.BFloat16, 2);
            var error = Assert.Throws<InvalidOperationException>(() => _ml.Generative().DiffEnc(options).Fit(TrainingRuns.Discs(_ml, 20)));
            Assert.Contains("Precision", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
