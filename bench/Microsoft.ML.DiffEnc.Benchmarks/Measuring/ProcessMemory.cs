using System.Globalization;

namespace Microsoft.ML.DiffEnc.Benchmarks.Measuring;

/// <summary>What this process holds of the machine's memory, as Linux counts it: all of it, libraries and runtime included.</summary>
internal static class ProcessMemory
{
    private const string Status = "/proc/self/status";

    /// <summary>
    /// The most that there was (VmHWM) and what there is (VmRSS), in megabytes and of one moment, so that the former is no less;
    /// <see langword="null"/> where there is no /proc.
    /// </summary>
    public static (double? Peak, double? Resident) Read()
    {
        string[] lines = File.Exists(Status) ? File.ReadAllText(Status).Split('\n') : [];
        return (Megabytes(lines, "VmHWM:"), Megabytes(lines, "VmRSS:"));
    }

    private static double? Megabytes(string[] lines, string key)
    {
        string? line = Array.Find(lines, l => l.StartsWith(key, StringComparison.Ordinal));
        return line is null ? null : double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
    }
}
