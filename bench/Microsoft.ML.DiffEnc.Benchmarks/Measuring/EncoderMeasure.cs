using Microsoft.ML.DiffEnc.Diffusion;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks.Measuring;

/// <summary>What of a step the encoder takes: its passes at t = 0, 1 and t with the derivative, and their gradients. Without dropout.</summary>
internal sealed class EncoderMeasure : IDisposable
{
    private readonly DiffEncModel _model;
    private readonly Tensor _x, _gamma, _conditioning;
    private readonly Clock _clock;

    public EncoderMeasure(ModelDescription description, int batch, Device device, TrainingPrecision precision)
    {
        _model = DiffEncModel.Create(description, seed: 1);
        _model.To(device);
        (_model.Precision, _model.FirstDerivativesOnly) = (precision, true); // as in training
        _x = 2 * rand(batch, description.Channels, description.Height, description.Width, device: device) - 1;
        _gamma = linspace(description.GammaMin, description.GammaMax, batch, dtype: float64, device: device);
        _conditioning = zeros(batch, device: device);
        _clock = new Clock(device);
    }

    public double Seconds() => _clock.Time(() =>
    {
        using var scope = NewDisposeScope();
        var (x0, x1) = _model.Bounds.EndPoints(_x, _conditioning);
        var (y, derivative) = _model.EncoderOutput(_x, _gamma);
        (x0.square().sum() + x1.square().sum() + (y + derivative).square().sum()).backward();
        foreach (var weight in _model.NamedParameters.Values)
            weight.grad = null;
    });

    public void Dispose()
    {
        _model.Dispose();
        _x.Dispose();
        _gamma.Dispose();
        _conditioning.Dispose();
    }
}
