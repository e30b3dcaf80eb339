using System.Diagnostics;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks.Measuring;

/// <summary>Time on a device: its queue is empty whenever the clock is read.</summary>
internal sealed class Clock(Device device)
{
    /// <summary>Seconds that some work takes, to its end.</summary>
    public double Time(Action work)
    {
        long start = Now();
        work();
        return Seconds(start, Now());
    }

    public long Now()
    {
        if (device.type == TorchSharp.DeviceType.CUDA)
            cuda.synchronize(device);
        return Stopwatch.GetTimestamp();
    }

    public static double Seconds(long start, long end) => Stopwatch.GetElapsedTime(start, end).TotalSeconds;
}
