using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// A normal distribution fitted to few points: the covariance of the standardised coordinates is drawn towards the unit matrix by as much as Ledoit
/// and Wolf (2004) show to be best for a sample of this size.
/// </summary>
/// <param name="Mean">The mean of each coordinate.</param>
/// <param name="Scale">The standard deviation of each coordinate, above 0.</param>
/// <param name="Whitening">A lower triangle L⁻¹, row by row, of the standardised coordinates' covariance L Lᵀ: it makes them independent, of variance
/// 1.</param>
internal sealed record ShrunkGaussian(double[] Mean, double[] Scale, double[] Whitening)
{
    /// <param name="points">n points of d coordinates each, row by row; n of at least 2.</param>
    /// <param name="dimensions">d.</param>
    public static ShrunkGaussian Fit(ReadOnlySpan<double> points, int dimensions)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        int n = points.Length / dimensions;
        var (mean, scale, standard) = StandardScores.Of(points, n);
        var covariance = standard.t().mm(standard) / n;
        var target = eye(dimensions, dtype: float64);
        // δ = ‖S − I‖² is what separates the two; β, how much of it is the sample's error: the mean of ‖x xᵀ − S‖² over n.
        double separation = (covariance - target).square().sum().item<double>();
        double fourth = standard.square().sum(1).square().mean().item<double>(); // of ‖x xᵀ‖² = ‖x‖⁴
        double error = Math.Max(0, fourth - covariance.square().sum().item<double>()) / n;
        double shrinkage = separation > 0 ? Math.Clamp(error / separation, 0, 1) : 1;
        // A constant coordinate leaves a zero on the diagonal, whatever the shrinkage.
        var shrunk = (1 - shrinkage) * covariance + Math.Max(shrinkage, 1e-6) * target;
        var whitening = linalg.inv(linalg.cholesky(shrunk));
        return new(mean.data<double>().ToArray(), scale.data<double>().ToArray(), whitening.contiguous().data<double>().ToArray());
    }

    /// <summary>−log density of a point, in nats.</summary>
    public double NegativeLogDensity(ReadOnlySpan<double> point)
    {
        int d = Mean.Length;
        double logVolume = 0;
        for (int i = 0; i < d; i++)
            logVolume += Math.Log(Scale[i]) - Math.Log(Whitening[i * d + i]);
        return 0.5 * (Math.Pow(Distance(point), 2) + d * Math.Log(2 * Math.PI)) + logVolume;
    }

    /// <summary>The distance of a point from the mean, in standard deviations (Mahalanobis).</summary>
    public double Distance(ReadOnlySpan<double> point)
    {
        int d = Mean.Length;
        double squares = 0;
        Span<double> standard = d <= 128 ? stackalloc double[d] : new double[d];
        for (int i = 0; i < d; i++)
        {
            standard[i] = (point[i] - Mean[i]) / Scale[i];
            double white = 0;
            for (int j = 0; j <= i; j++)
                white += Whitening[i * d + j] * standard[j];
            squares += white * white;
        }
        return Math.Sqrt(squares);
    }
}
