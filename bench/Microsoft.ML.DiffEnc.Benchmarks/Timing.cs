using System.Diagnostics;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks;

/// <summary>Seconds of one piece of work, several times over.</summary>
internal sealed class Timing(Device device)
{
    private readonly List<double> _seconds = [];

    public double Median => _seconds.Order().ElementAt(_seconds.Count / 2);

    public double Least => _seconds.Min();

    public double Most => _seconds.Max();

    /// <summary>Runs the work once more, to its end on the device.</summary>
    public void Add(Action work)
    {
        Wait();
        long start = Stopwatch.GetTimestamp();
        work();
        Wait();
        _seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    private void Wait()
    {
        if (device.type == TorchSharp.DeviceType.CUDA)
            cuda.synchronize(device);
    }
}
