using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks.Measuring;

/// <summary>What the machine reaches on the two operations that networks are made of.</summary>
internal sealed class MachinePeak : IDisposable
{
    private const long Side = 1024, Batch = 8, Channels = 128, Pixels = 32;
    private const int Tries = 5;
    private const double MostSeconds = 1;
    private readonly Tensor _a, _b, _images, _kernel;
    private readonly Clock _clock;

    public MachinePeak(Device device, ScalarType type)
    {
        Tensor Random(params long[] shape) => randn(shape, device: device).to(type);
        (_a, _b, _images, _kernel) = (Random(Side, Side), Random(Side, Side), Random(Batch, Channels, Pixels, Pixels), Random(Channels, Channels, 3, 3));
        _clock = new Clock(device);
    }

    /// <summary>GFLOP/s of a matrix product of 1024 × 1024: the best of a few tries.</summary>
    public double Product() => Best(2.0 * Side * Side * Side, () => _a.mm(_b));

    /// <summary>GFLOP/s of a 3×3 convolution of 128 to 128 channels on 8 images of 32×32: the best of a few tries.</summary>
    public double Convolution() => Best(2.0 * 9 * Channels * Channels * Pixels * Pixels * Batch, () => nn.functional.conv2d(_images, _kernel, padding: [1L, 1L]));

    public void Dispose()
    {
        foreach (var tensor in new[] { _a, _b, _images, _kernel })
            tensor.Dispose();
    }

    private double Best(double operations, Func<Tensor> work)
    {
        using var noGradients = no_grad();
        double least = double.PositiveInfinity, spent = 0;
        for (int i = 0; i < Tries && spent < MostSeconds; i++) // a precision that the device has not takes long, and its speed is of no interest
        {
            double seconds = _clock.Time(() => work().Dispose());
            (least, spent) = (Math.Min(least, seconds), spent + seconds);
        }
        return operations / least / 1e9;
    }
}
