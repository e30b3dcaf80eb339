using Microsoft.ML.DiffEnc.Diffusion;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks.Measuring;

/// <summary>What needs no gradients: the denoiser's forward pass alone, and scoring.</summary>
internal sealed class ScoringMeasure : IDisposable
{
    private readonly DiffEncModel _model;
    private readonly Tensor _z, _gamma;
    private readonly Clock _clock;

    public ScoringMeasure(ModelDescription model, int batch, Device device)
    {
        _model = DiffEncModel.Create(model, seed: 1);
        _model.To(device);
        _z = randn(batch, model.Channels, model.Height, model.Width, device: device);
        _gamma = zeros(batch, device: device);
        _clock = new Clock(device);
    }

    /// <summary>Seconds of the denoiser on one batch.</summary>
    public double Forward() => _clock.Time(() =>
    {
        using var noGradients = no_grad();
        _model.Denoise(_z, _gamma).Dispose();
    });

    /// <summary>Seconds of the bound of some images, by several draws each.</summary>
    /// <param name="images">The number of images.</param>
    /// <param name="draws">K, for each of them.</param>
    /// <param name="perPass">Evaluations that go through the networks at once, about.</param>
    public double Score(int images, int draws, int perPass)
    {
        byte[] pixels = NoiseImages.Bytes(_model.Description, images);
        var scorer = new LikelihoodScorer(_model, new ScoringDraws(draws, TimesPerDraw: 1, Seed: 1), Math.Max(1, perPass / draws));
        var results = new Likelihood[images];
        return _clock.Time(() => scorer.Score(pixels, images, results));
    }

    public void Dispose()
    {
        _model.Dispose();
        _z.Dispose();
        _gamma.Dispose();
    }
}
