using System.Globalization;

namespace Microsoft.ML.DiffEnc.Benchmarks.Measuring;

/// <summary>What this process holds of the machine's memory, as Linux counts it: all of it, libraries and runtime included.</summary>
internal static class ProcessMemory
{
    private const string Status = "/proc/self/status";

    /// <summary>The most that there was (VmHWM), in megabytes; <see langword="null"/> where there is no /proc.</summary>
    public static double? Peak => Megabytes("VmHWM:");

    /// <summary>What there is now (VmRSS), in megabytes; <see langword="null"/> where there is no /proc.</summary>
    public static double? Resident => Megabytes("VmRSS:");

    private static double? Megabytes(string key)
    {
        if (!File.Exists(Status))
            return null;
        string? line = File.ReadLines(Status).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal));
        return line is null ? null : double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
    }
}
