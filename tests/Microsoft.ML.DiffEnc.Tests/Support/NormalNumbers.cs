namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Standard normal numbers, by Box and Muller.</summary>
internal sealed class NormalNumbers(int seed)
{
    private readonly Random _random = new(seed);

    public double Next() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    /// <summary>A number in [0, 1).</summary>
    public double NextUniform() => _random.NextDouble();
}
