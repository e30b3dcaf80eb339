using System.Globalization;
using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>A density p(t) of times in [0, 1] that is constant on bins of equal width.</summary>
internal sealed class TimeDensity : IEquatable<TimeDensity>
{
    /// <summary>The most bins.</summary>
    public const int MostBins = 256;

    /// <summary>The least density of a time: no estimate is weighted by more than its reciprocal.</summary>
    public const double Least = 1e-3;

    private readonly double[] _density;    // p in each bin
    private readonly double[] _cumulative; // F where each bin begins

    /// <param name="values">p in each bin, 2..<see cref="MostBins"/> of them, none below <see cref="Least"/>; their mean is 1.</param>
    /// <exception cref="ArgumentException">They are not such.</exception>
    [JsonConstructor]
    public TimeDensity(IReadOnlyList<double> values)
    {
        if (values.Count is < 2 or > MostBins)
            throw Refusal($"A density of times has {values.Count} values; expected 2..{MostBins}.");
        for (int i = 0; i < values.Count; i++)
        {
            if (!double.IsFinite(values[i]) || values[i] < Least)
                throw Refusal($"Value {i} of a density of times is {values[i]}; expected a number of at least {Least}.");
        }
        double mean = values.Average();
        if (Math.Abs(mean - 1) > 1e-6)
            throw Refusal($"The mean of a density of times is {mean}; expected 1.");
        Values = values;
        _density = [.. values.Select(p => p / mean)]; // exactly 1, so that no estimate is off by the rounding
        _cumulative = new double[_density.Length];
        for (int i = 1; i < _density.Length; i++)
            _cumulative[i] = _cumulative[i - 1] + _density[i - 1] / _density.Length;
    }

    /// <summary>p in each bin.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>A density that is proportional to given numbers, mixed with the uniform one.</summary>
    /// <param name="spread">At least 0 in each bin.</param>
    /// <param name="floor">The share of the uniform density, <see cref="Least"/>..1: no weight exceeds its reciprocal.</param>
    public static TimeDensity Proportional(IReadOnlyList<double> spread, double floor)
    {
        double mean = spread.Average();
        double[] values = [.. spread.Select(s => mean > 0 ? floor + (1 - floor) * s / mean : 1)];
        return new TimeDensity(values);
    }

    /// <summary>t = F⁻¹(u), and dt/du = 1/p(t).</summary>
    /// <param name="uniform">u in [0, 1), [B], in double precision.</param>
    /// <returns>Both [B], in double precision.</returns>
    public (Tensor Times, Tensor Slope) TimesOf(Tensor uniform)
    {
        using var scope = NewDisposeScope();
        var begins = tensor(_cumulative, device: uniform.device);
        var bin = (uniform.unsqueeze(1) >= begins).sum(1) - 1; // [B]: F is 0 where the first bin begins
        var slope = tensor(Array.ConvertAll(_density, p => 1 / p), device: uniform.device).index_select(0, bin);
        var times = bin.to(float64) / _density.Length + (uniform - begins.index_select(0, bin)) * slope;
        return (times.clamp(0, 1).MoveToOuterDisposeScope(), slope.MoveToOuterDisposeScope());
    }

    public bool Equals(TimeDensity? other) => other is not null && Values.SequenceEqual(other.Values);

    public override bool Equals(object? obj) => Equals(obj as TimeDensity);

    public override int GetHashCode() => HashCode.Combine(Values.Count, Values[0], Values[^1]);

    private static ArgumentException Refusal(FormattableString message) => new(message.ToString(CultureInfo.InvariantCulture));
}
