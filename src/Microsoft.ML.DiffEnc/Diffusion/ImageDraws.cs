namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>The losses of one image, draw by draw, in nats.</summary>
internal sealed class ImageDraws
{
    private readonly int _timesPerSet;

    /// <param name="latent">The latent loss, which has no draws.</param>
    /// <param name="draws">How many there are of the others.</param>
    /// <param name="withDiffusion">Whether there is a diffusion loss.</param>
    /// <param name="withTimes">Whether its times are kept.</param>
    public ImageDraws(double latent, ScoringDraws draws, bool withDiffusion = true, bool withTimes = true)
    {
        _timesPerSet = draws.TimesPerDraw;
        int evaluations = withDiffusion ? draws.Count * draws.TimesPerDraw : 0;
        Latent = latent;
        Reconstruction = new double[draws.Count];
        Diffusion = new double[evaluations];
        Times = new double[withTimes ? evaluations : 0];
        Weights = new double[withTimes ? evaluations : 0];
    }

    public double Latent { get; }

    /// <summary>[K].</summary>
    public double[] Reconstruction { get; }

    /// <summary>ℓ(t)/p(t), [K·M], set by set; empty: not computed.</summary>
    public double[] Diffusion { get; }

    /// <summary>t of each estimate in <see cref="Diffusion"/>, [K·M].</summary>
    public double[] Times { get; }

    /// <summary>1/p(t) of each, [K·M].</summary>
    public double[] Weights { get; }

    /// <summary>K.</summary>
    public int Sets => Reconstruction.Length;

    /// <summary>The diffusion loss of one set: the mean over its M times.</summary>
    public double DiffusionOf(int set)
    {
        double sum = 0;
        foreach (double loss in Diffusion.AsSpan(set * _timesPerSet, _timesPerSet))
            sum += loss;
        return sum / _timesPerSet;
    }

    /// <summary>The bound: the mean over the sets, in nats.</summary>
    public double Bound => Reconstruction.Average() + Latent + Enumerable.Range(0, Sets).Average(DiffusionOf);

    /// <summary>Means over the sets, and the standard error that their spread gives.</summary>
    /// <param name="unit">Nats in the unit of the result.</param>
    public Likelihood Summarise(double unit)
    {
        double reconstruction = Reconstruction.Average(), diffusion = 0, squares = 0;
        if (Diffusion.Length == 0)
            return new(float.NaN, (float)(reconstruction / unit), (float)(Latent / unit), float.NaN, float.NaN);
        for (int k = 0; k < Sets; k++)
            diffusion += DiffusionOf(k) / Sets;
        for (int k = 0; k < Sets; k++)
            squares += Math.Pow(Reconstruction[k] + DiffusionOf(k) - reconstruction - diffusion, 2);
        double error = Sets > 1 ? Math.Sqrt(squares / (Sets - 1) / Sets) : double.NaN;
        return new(
            (float)((reconstruction + Latent + diffusion) / unit),
            (float)(reconstruction / unit),
            (float)(Latent / unit),
            (float)(diffusion / unit),
            (float)(error / unit));
    }
}
