using System.Numerics.Tensors;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// How far a point is from the nearest ones of a sample, each coordinate in units of its standard deviation there: it asks of the sample nothing
/// but that there is some of it wherever points usually are, so that it may well be in several pieces (Ramaswamy et al., 2000).
/// </summary>
/// <param name="Points">The sample, standardised, point by point.</param>
/// <param name="Mean">The mean of each coordinate.</param>
/// <param name="Scale">The standard deviation of each coordinate, above 0.</param>
internal sealed record NearestNeighbours(float[] Points, float[] Mean, float[] Scale)
{
    /// <summary>The nearest points whose distances are averaged.</summary>
    public const int Neighbours = 5;

    /// <summary>Larger samples are thinned out evenly to as many: memory and the model file hold all of them.</summary>
    public const int MostPoints = 1000;

    // A coordinate that never changes must not divide by zero; any change of it is unusual.
    private const float LeastScale = 1e-6f;

    /// <summary>The number of coordinates.</summary>
    public int Dimensions => Mean.Length;

    /// <summary>The number of points.</summary>
    public int Count => Points.Length / Dimensions;

    /// <param name="sample">Points of equally many coordinates; more than <see cref="Neighbours"/> of them.</param>
    public static NearestNeighbours Fit(IReadOnlyList<float[]> sample)
    {
        int dimensions = sample[0].Length, count = Math.Min(sample.Count, MostPoints);
        float[] mean = new float[dimensions], scale = new float[dimensions];
        for (int j = 0; j < dimensions; j++)
        {
            double sum = 0, squares = 0;
            foreach (float[] point in sample)
                sum += point[j];
            foreach (float[] point in sample)
                squares += Math.Pow(point[j] - sum / sample.Count, 2);
            (mean[j], scale[j]) = ((float)(sum / sample.Count), Math.Max((float)Math.Sqrt(squares / sample.Count), LeastScale));
        }
        var all = new NearestNeighbours(new float[count * dimensions], mean, scale);
        for (int i = 0; i < count; i++)
            all.Standardised(sample[(int)((long)i * sample.Count / count)]).CopyTo(all.Points, i * dimensions);
        return all;
    }

    /// <summary>The mean distance to the <see cref="Neighbours"/> nearest points, divided by the root of the number of coordinates.</summary>
    public double Distance(ReadOnlySpan<float> point) => MeanOfNearest(Standardised(point), itself: -1);

    /// <summary>The same of each of the points, from the others.</summary>
    public IEnumerable<double> DistancesFromTheOthers()
        => Enumerable.Range(0, Count).Select(i => MeanOfNearest(Points.AsSpan(i * Dimensions, Dimensions), i));

    private float[] Standardised(ReadOnlySpan<float> point)
    {
        var standard = new float[Dimensions];
        for (int j = 0; j < standard.Length; j++)
            standard[j] = (point[j] - Mean[j]) / Scale[j];
        return standard;
    }

    private double MeanOfNearest(ReadOnlySpan<float> point, int itself)
    {
        var distances = new float[Count];
        for (int i = 0; i < distances.Length; i++)
            distances[i] = i == itself ? float.PositiveInfinity : TensorPrimitives.Distance(point, Points.AsSpan(i * Dimensions, Dimensions));
        Array.Sort(distances);
        return distances.Take(Neighbours).Average(d => (double)d) / Math.Sqrt(Dimensions);
    }
}
