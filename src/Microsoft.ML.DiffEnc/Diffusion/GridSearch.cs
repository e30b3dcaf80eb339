namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Chooses the times of a process in T steps.</summary>
internal static class GridSearch
{
    /// <summary>
    /// The cheapest way from the first candidate time to the last in exactly T steps, by dynamic programming: the least cost of reaching time j
    /// in k steps is that of reaching some i &lt; j in k − 1 and going on from there. Exact, in T N²/2 comparisons.
    /// </summary>
    /// <param name="cost">[N + 1, N + 1]: the cost of the step between candidate times s (row) and t (column), used for s &lt; t.</param>
    /// <param name="depth">T, 1..N.</param>
    /// <returns>The T + 1 chosen candidates, increasing, from 0 to N.</returns>
    public static int[] Cheapest(double[,] cost, int depth)
    {
        int last = cost.GetLength(0) - 1;
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(depth, last);
        var before = new int[depth + 1, last + 1]; // the time from which j is reached last
        double[] reached = new double[last + 1], next = new double[last + 1];
        Array.Fill(reached, double.PositiveInfinity);
        reached[0] = 0;
        for (int k = 1; k <= depth; k++)
        {
            Array.Fill(next, double.PositiveInfinity);
            for (int j = k; j <= last - (depth - k); j++)
            {
                for (int i = k - 1; i < j; i++)
                {
                    double total = reached[i] + cost[i, j];
                    if (total < next[j])
                        (next[j], before[k, j]) = (total, i);
                }
            }
            (reached, next) = (next, reached);
        }
        if (double.IsPositiveInfinity(reached[last]))
            throw new ArgumentException("The costs are not finite numbers.", nameof(cost));
        var chosen = new int[depth + 1];
        chosen[depth] = last;
        for (int k = depth; k > 0; k--)
            chosen[k - 1] = before[k, chosen[k]];
        return chosen;
    }
}
