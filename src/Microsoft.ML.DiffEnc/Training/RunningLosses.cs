using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>Sums the three losses where they are computed, so that the device is waited for only when they are reported.</summary>
internal sealed class RunningLosses(double natsPerBitPerDimension) : IDisposable
{
    private Tensor? _sum;
    private int _steps;

    /// <param name="losses">The three of one step, nats, [3] in double precision.</param>
    public void Add(Tensor losses)
    {
        using var noGradients = no_grad();
        var sum = (_sum is null ? losses.alias() : _sum + losses).DetachFromDisposeScope();
        _sum?.Dispose();
        _sum = sum;
        _steps++;
    }

    /// <summary>The means since the previous call, in bits per dimension, and how many steps they are of.</summary>
    public (double Reconstruction, double Latent, double Diffusion, int Steps) Take()
    {
        using var onHost = (_sum ?? throw new InvalidOperationException("No losses were added.")).cpu();
        var sums = onHost.data<double>().ToArray();
        double unit = _steps * natsPerBitPerDimension;
        var result = (sums[0] / unit, sums[1] / unit, sums[2] / unit, _steps);
        Dispose();
        return result;
    }

    public void Dispose()
    {
        _sum?.Dispose();
        _sum = null;
        _steps = 0;
    }
}
