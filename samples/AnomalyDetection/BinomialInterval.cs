namespace AnomalyDetection;

/// <summary>Where the probability may lie of which k of n trials were hits: Wilson's interval at 95 % (Wilson, 1927).</summary>
internal readonly record struct BinomialInterval(double Low, double High)
{
    private const double Z = 1.959964;

    public static BinomialInterval Of(int hits, int trials)
    {
        double share = hits / (double)trials, z2 = Z * Z / trials;
        double middle = (share + z2 / 2) / (1 + z2);
        double half = Math.Sqrt(z2 * (share * (1 - share) + z2 / 4)) / (1 + z2);
        return new(Math.Max(0, middle - half), Math.Min(1, middle + half));
    }
}
