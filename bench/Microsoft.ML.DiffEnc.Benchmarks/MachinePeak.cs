using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks;

/// <summary>What the machine reaches on the two operations that networks are made of, in single precision.</summary>
internal sealed class MachinePeak : IDisposable
{
    private const long Side = 1024, Batch = 8, Channels = 128, Pixels = 32;
    private readonly Tensor _a, _b, _images, _kernel;

    public MachinePeak(Device device)
    {
        (_a, _b) = (randn(Side, Side, device: device), randn(Side, Side, device: device));
        (_images, _kernel) = (randn(Batch, Channels, Pixels, Pixels, device: device), randn(Channels, Channels, 3, 3, device: device));
        (Product, Convolution) = (new Timing(device), new Timing(device));
    }

    private Timing Product { get; }

    private Timing Convolution { get; }

    /// <summary>GFLOP/s of a matrix product of 1024 × 1024.</summary>
    public double ProductSpeed => 2.0 * Side * Side * Side / Product.Least / 1e9;

    /// <summary>GFLOP/s of a 3×3 convolution of 128 to 128 channels, 8 images of 32×32.</summary>
    public double ConvolutionSpeed => 2.0 * 9 * Channels * Channels * Pixels * Pixels * Batch / Convolution.Least / 1e9;

    public void Measure()
    {
        using var noGradients = no_grad();
        Product.Add(() => _a.mm(_b).Dispose());
        Convolution.Add(() => nn.functional.conv2d(_images, _kernel, padding: [1L, 1L]).Dispose());
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { _a, _b, _images, _kernel })
            tensor.Dispose();
    }
}
