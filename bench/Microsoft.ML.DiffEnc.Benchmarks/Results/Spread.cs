using System.Globalization;

namespace Microsoft.ML.DiffEnc.Benchmarks.Results;

/// <summary>Median and quartiles.</summary>
internal readonly record struct Spread(double Median, double Lower, double Upper)
{
    /// <param name="values">At least one.</param>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new(At(sorted, 0.5), At(sorted, 0.25), At(sorted, 0.75));
    }

    /// <summary>The ratio of the medians of two series that were measured in turn, and the quartiles of the ratios of each pair.</summary>
    public static Spread OfRatio(IReadOnlyList<double> one, IReadOnlyList<double> other)
    {
        var pairs = Of(one.Zip(other, (a, b) => a / b));
        return pairs with { Median = Of(one).Median / Of(other).Median };
    }

    /// <summary>As <c>0.88 (0.86–0.91)</c>.</summary>
    /// <param name="format">Of each number.</param>
    /// <param name="factor">What each is multiplied by.</param>
    public string Text(string format, double factor = 1)
    {
        string Number(double value) => (factor * value).ToString(format, CultureInfo.InvariantCulture);
        return $"{Number(Median)} ({Number(Lower)}–{Number(Upper)})";
    }

    private static double At(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int below = (int)place;
        return below + 1 == sorted.Length ? sorted[below] : sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
    }
}
