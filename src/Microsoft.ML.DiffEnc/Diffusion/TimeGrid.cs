using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.DiffEnc.Diffusion;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc;

/// <summary>
/// The times of a process in T steps, and the variance of each (DiffEnc, section 3): step i goes from t = <see cref="Times"/>[i] to
/// s = <see cref="Times"/>[i − 1], with w = <see cref="Weights"/>[i − 1]. Two grids are equal when their numbers are.
/// </summary>
public sealed record TimeGrid
{
    /// <summary>The most steps that a grid can have.</summary>
    internal const int MostSteps = 100_000;

    private readonly double[] _times, _weights;

    /// <summary>A grid of given times.</summary>
    /// <param name="times">T + 1 increasing times, from 0 to 1.</param>
    /// <param name="weights">w = σ_Q²/σ_P² of each of the T steps, above 0; <see langword="null"/>: all 1, the posterior's variance.</param>
    /// <exception cref="ArgumentException">
    /// The times do not increase from 0 to 1, a weight is not a positive number, or their counts do not fit.
    /// </exception>
    [JsonConstructor]
    public TimeGrid(IReadOnlyList<double> times, IReadOnlyList<double>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(times);
        _times = [.. times];
        CheckTimes(_times);
        _weights = weights is null ? Repeated(1, Depth) : [.. weights];
        CheckWeights(_weights, Depth);
    }

    /// <summary>T, the number of steps.</summary>
    [JsonIgnore]
    public int Depth => _times.Length - 1;

    /// <summary>The T + 1 times, increasing from 0 to 1.</summary>
    public IReadOnlyList<double> Times => _times;

    /// <summary>w = σ_Q²/σ_P² of the T steps: 1 for the posterior's variance, below 1 where the generative process is given a larger one.</summary>
    public IReadOnlyList<double> Weights => _weights;

    /// <summary>Steps of equal length in t.</summary>
    /// <param name="depth">T, 1..100000.</param>
    /// <param name="weight">w = σ_Q²/σ_P² of every step, above 0.</param>
    /// <exception cref="ArgumentException">The depth or the weight is out of its range.</exception>
    public static TimeGrid Uniform(int depth, double weight = 1)
        => depth is < 1 or > MostSteps
            ? throw new ArgumentOutOfRangeException(nameof(depth), depth, $"Expected 1..{MostSteps} steps.")
            : new([.. Enumerable.Range(0, depth + 1).Select(i => (double)i / depth)], Repeated(weight, depth));

    /// <summary>The same times with other variances.</summary>
    internal TimeGrid WithWeights(IReadOnlyList<double> weights) => new(_times, weights);

    /// <summary>The steps that uniform numbers u fall on: i = ⌈uT⌉.</summary>
    /// <param name="uniform">[B], in [0, 1), in double precision.</param>
    internal StepTimes StepsAt(Tensor uniform) => Steps(Indices(uniform));

    /// <summary>i − 1 = ⌊uT⌋, [B].</summary>
    internal Tensor Indices(Tensor uniform)
    {
        using var scope = NewDisposeScope();
        return (uniform * Depth).floor().clamp(0, Depth - 1).to(int64).MoveToOuterDisposeScope();
    }

    /// <summary>Steps by their number, from 0: [B].</summary>
    internal StepTimes Steps(Tensor indices)
    {
        using var scope = NewDisposeScope();
        Tensor Chosen(ReadOnlySpan<double> values)
            => tensor(values.ToArray(), dtype: float64).to(indices.device).index_select(0, indices).MoveToOuterDisposeScope();
        return new(Chosen(_times.AsSpan(1)), Chosen(_times), Chosen(_weights));
    }

    /// <inheritdoc/>
    public bool Equals(TimeGrid? other)
        => other is not null && _times.AsSpan().SequenceEqual(other._times) && _weights.AsSpan().SequenceEqual(other._weights);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Depth, _times[Depth / 2], _weights[0], _weights[Depth / 2], _weights[^1]);

    /// <summary>The number of steps, the range of their lengths and the range of the weights.</summary>
    public override string ToString()
    {
        double[] lengths = [.. _times.Zip(_times.Skip(1), (s, t) => t - s)];
        return string.Create(CultureInfo.InvariantCulture,
            $"{Depth} steps of {lengths.Min():G3} to {lengths.Max():G3}, w = σ_Q²/σ_P² from {_weights.Min():G4} to {_weights.Max():G4}");
    }

    private static double[] Repeated(double value, int count) => [.. Enumerable.Repeat(value, count)];

    private static void CheckTimes(double[] times)
    {
        if (times.Length is < 2 or > MostSteps + 1)
            throw new ArgumentException($"There are {times.Length} times; expected T + 1 of them for T = 1..{MostSteps} steps.", nameof(times));
        if (times[0] != 0 || times[^1] != 1)
            throw Refusal(nameof(times), $"The times go from {times[0]} to {times[^1]}; expected from 0 to 1.");
        for (int i = 1; i < times.Length; i++)
        {
            if (!(times[i] > times[i - 1]))
                throw Refusal(nameof(times), $"Time {i} is {times[i]} and the one before is {times[i - 1]}; expected increasing times.");
        }
    }

    private static void CheckWeights(double[] weights, int depth)
    {
        if (weights.Length != depth)
            throw new ArgumentException($"There are {weights.Length} weights; expected one for each of the {depth} steps.", nameof(weights));
        int wrong = Array.FindIndex(weights, w => !(double.IsFinite(w) && w > 0));
        if (wrong >= 0)
            throw Refusal(nameof(weights), $"The weight of step {wrong + 1} is {weights[wrong]}; expected σ_Q²/σ_P², a finite number above 0.");
    }

    private static ArgumentException Refusal(string name, FormattableString message) => new(message.ToString(CultureInfo.InvariantCulture), name);
}
