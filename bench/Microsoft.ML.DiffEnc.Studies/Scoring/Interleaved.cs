using System.Diagnostics;

namespace Microsoft.ML.DiffEnc.Studies.Scoring;

/// <summary>Several pieces of work in turn, round after round: what else the machine does meanwhile slows them all.</summary>
internal static class Interleaved
{
    /// <summary>The seconds of each piece in each round, after one round that does not count.</summary>
    public static double[][] Measure(int rounds, CancellationToken cancellation, params Action[] work)
    {
        double[][] seconds = [.. work.Select(_ => new double[rounds])];
        for (int round = -1; round < rounds; round++)
            for (int i = 0; i < work.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                long start = Stopwatch.GetTimestamp();
                work[i]();
                if (round >= 0)
                    seconds[i][round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }
        return seconds;
    }

    public static double Median(IEnumerable<double> values) => Quantile(values, 0.5);

    public static double Quantile(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Min((int)(share * sorted.Length), sorted.Length - 1)];
    }
}
