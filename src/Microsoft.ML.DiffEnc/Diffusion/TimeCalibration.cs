namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Finds the density of times under which the diffusion loss is estimated with the least variance.</summary>
/// <remarks>
/// <para>
/// With t ~ p and noise ε, ℓ(t, ε)/p(t) has the variance ∫ E[ℓ²]/p dt − L². Added up over the images, the one term that depends on p is
/// ∫ S/p dt with S(t) the mean over images of E[ℓ(t)²], and by Cauchy and Schwarz p ∝ √S makes it least.
/// </para>
/// <para>
/// M low-discrepancy times in a set change what remains. Write S = V + S_μ, V(t) the mean over images of Var_ε[ℓ(t)] and S_μ(t) that of the
/// squared means. The noise averages out over the set as 1/M, giving ∫ V/p dt / M; the course of the mean over t, which evenly spaced times
/// follow, as 1/M² at least (exactly so for a step from t = 1 to t = 0, where the spacing wraps around). So we minimise
/// ∫ (V + S_μ/M)/p dt: p ∝ √(V + S_μ/M). For M = 1 that is the optimum above, and so it is as M grows; between them it is a choice.
/// </para>
/// </remarks>
internal sealed class TimeCalibration(int bins)
{
    private readonly double[] _products = new double[bins], _squares = new double[bins]; // of the two draws in a bin, summed over the images

    /// <summary>What is drawn of every image: in each bin two losses, at independent times and noise.</summary>
    public static ScoringDraws Draws(int bins, int seed) => new(2, bins, seed);

    /// <summary>Adds an image, drawn by <see cref="Draws"/> at uniform times.</summary>
    public void Add(ImageDraws image)
    {
        double[] first = ByTime(image, 0), second = ByTime(image, 1);
        for (int b = 0; b < bins; b++)
        {
            _products[b] += first[b] * second[b];
            _squares[b] += (first[b] * first[b] + second[b] * second[b]) / 2;
        }
    }

    /// <summary>p ∝ √(V + S_μ/M), mixed with the uniform density.</summary>
    /// <param name="timesPerDraw">M.</param>
    /// <param name="floor">The share of the uniform density.</param>
    /// <returns><see langword="null"/>: a loss was not finite.</returns>
    public TimeDensity? Density(int timesPerDraw, double floor)
    {
        var spread = new double[bins];
        for (int b = 0; b < bins; b++)
        {
            // E[ℓ₁ ℓ₂] = μ² of independent draws. Both are sums of squares in expectation, and are not let below 0 by their own noise.
            double means = Math.Max(0, _products[b]), variances = Math.Max(0, _squares[b] - _products[b]);
            spread[b] = Math.Sqrt(variances + means / timesPerDraw);
        }
        return spread.All(double.IsFinite) ? TimeDensity.Proportional(spread, floor) : null;
    }

    /// <summary>The losses of one set in the order of their times: as many times as bins, evenly spaced, so one in each.</summary>
    private double[] ByTime(ImageDraws image, int set)
    {
        double[] times = image.Times[(set * bins)..((set + 1) * bins)], losses = image.Diffusion[(set * bins)..((set + 1) * bins)];
        Array.Sort(times, losses);
        return losses;
    }
}
