using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// A linear prediction from few points: least squares of the standardised coordinates, with a penalty on the slopes (Hoerl and Kennard, 1970) that is
/// the one by which each point is predicted best from the others (Allen, 1974).
/// </summary>
/// <param name="Mean">The mean of each coordinate.</param>
/// <param name="Scale">The standard deviation of each coordinate, above 0.</param>
/// <param name="Slopes">What the value changes by with each coordinate, in standard deviations of the latter.</param>
/// <param name="Offset">The value at the mean.</param>
/// <param name="Deviation">The root mean square error of the predictions of points from the others, above 0.</param>
internal sealed record RidgeRegression(double[] Mean, double[] Scale, double[] Slopes, double Offset, double Deviation)
{
    private const double LeastDeviation = 1e-9;

    // For each point.
    private static readonly double[] s_penalties = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];

    /// <param name="points">n points of d coordinates each, row by row; n of at least 2.</param>
    /// <param name="values">n values.</param>
    public static RidgeRegression Fit(ReadOnlySpan<double> points, ReadOnlySpan<double> values)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        int n = values.Length;
        var (mean, scale, standard) = StandardScores.Of(points, n);
        var y = tensor(values.ToArray());
        double offset = y.mean().item<double>();
        // In the principal directions, the fit at any penalty is a division.
        var (directions, squares, _) = linalg.svd(standard, fullMatrices: false); // U [n, k], S [k]
        squares = squares.square();
        var along = directions.t().mv(y - offset);
        var (least, penalty) = s_penalties.Select(p => (LeftOut(p).square().mean().item<double>(), p)).Min();
        var slopes = standard.t().mv(directions.mv(along / (squares + penalty * n)));
        return new(
            mean.data<double>().ToArray(), scale.data<double>().ToArray(), slopes.data<double>().ToArray(), offset,
            Math.Max(Math.Sqrt(least), LeastDeviation));

        // The error of each point as predicted from the others: its own, over one less its leverage.
        Tensor LeftOut(double penaltyOfPoint)
        {
            var kept = squares / (squares + penaltyOfPoint * n);
            var leverage = directions.square().mv(kept) + 1.0 / n;
            return (y - offset - directions.mv(kept * along)) / (1 - leverage);
        }
    }

    /// <summary>What the value of a point should be.</summary>
    public double Predict(ReadOnlySpan<double> point)
    {
        double value = Offset;
        for (int i = 0; i < Slopes.Length; i++)
            value += Slopes[i] * (point[i] - Mean[i]) / Scale[i];
        return value;
    }

    /// <summary>Whether it predicts from as many coordinates, by numbers throughout.</summary>
    public bool Fits(int dimensions)
        => Mean.Length == dimensions && Scale.Length == dimensions && Slopes.Length == dimensions && Deviation > 0
            && Mean.Concat(Slopes).Append(Offset).Append(Deviation).All(double.IsFinite) && Scale.All(s => s > 0 && double.IsFinite(s));
}
