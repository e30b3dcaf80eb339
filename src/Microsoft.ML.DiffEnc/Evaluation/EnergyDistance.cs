using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Evaluation;

/// <summary>
/// The energy distance of two distributions (Székely and Rizzo, 2013), D = 2 E‖X − Y‖ − E‖X − X'‖ − E‖Y − Y'‖, from a sample of each: 0 for
/// equal distributions, else above. The estimate is unbiased, and so may fall below 0 by chance.
/// </summary>
internal static class EnergyDistance
{
    /// <param name="first">[n, d] with n of at least 2, in double precision.</param>
    /// <param name="second">[m, d] with m of at least 2, in double precision.</param>
    /// <returns>The distance and its standard error over both samples, to first order in 1/n and 1/m.</returns>
    public static (double Distance, double StandardError) Between(Tensor first, Tensor second)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var across = cdist(first, second); // [n, m]
        // D is the sum of the two means: each point's mean distance to the others' sample, less that to its own.
        var ofFirst = across.mean([1L]) - WithinMeans(first); // [n]
        var ofSecond = across.mean([0L]) - WithinMeans(second); // [m]
        double distance = (ofFirst.mean() + ofSecond.mean()).item<double>();
        // A point stands in each of its terms twice (once as X, once as X'): the slope of D in a point's weight is twice its term.
        double variance = 4 * (ofFirst.var() / ofFirst.NumberOfElements + ofSecond.var() / ofSecond.NumberOfElements).item<double>();
        return (distance, Math.Sqrt(variance));
    }

    /// <summary>Each point's mean distance to the other points, [n].</summary>
    private static Tensor WithinMeans(Tensor points) => cdist(points, points).sum(1) / (points.size(0) - 1);
}
