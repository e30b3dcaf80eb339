using System.Numerics.Tensors;
using Microsoft.ML.DiffEnc.Interop;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// How far a point is from the nearest ones of a sample, against how far these are from their own: it asks of the sample nothing but that there is
/// some of it wherever points usually are, so that it may well be in several pieces, dense ones and thin ones (Ramaswamy et al., 2000; Breunig et
/// al., 2000).
/// </summary>
/// <param name="Space">Where points are compared.</param>
/// <param name="Points">The sample, point by point, as coordinates there.</param>
/// <param name="Own">Of each point, the mean distance to its nearest others, above 0.</param>
internal sealed record NearestNeighbours(FeatureSpace Space, float[] Points, float[] Own)
{
    /// <summary>The nearest points whose distances are averaged.</summary>
    public const int Neighbours = 5;

    /// <summary>A sample should have no more: memory and the model file hold all of them.</summary>
    public const int MostPoints = 4096;

    // Of the mean: points that are there several times over are no measure of what is near.
    private const float LeastOwn = 0.1f;

    // In mean distances: nearer than that are the features of one picture from two passes of the network.
    private const double SamePoint = 1e-3;

    /// <summary>The number of coordinates.</summary>
    public int Dimensions => Space.Dimensions;

    /// <summary>The number of points.</summary>
    public int Count => Points.Length / Dimensions;

    private double MeanOwn => TensorPrimitives.Sum<float>(Own) / Own.Length;

    /// <param name="sample">Points of equally many features; more than <see cref="Neighbours"/> of them.</param>
    public static NearestNeighbours Fit(IReadOnlyList<float[]> sample)
    {
        var space = FeatureSpace.Fit(sample);
        return Of(space, [.. sample.SelectMany(point => space.Place(point))]);
    }

    /// <param name="space">Where points are compared.</param>
    /// <param name="points">Coordinates, point by point; more than <see cref="Neighbours"/> points.</param>
    public static NearestNeighbours Of(FeatureSpace space, float[] points)
    {
        int d = space.Dimensions;
        var own = new float[points.Length / d];
        ComputeThreads.For(own.Length, i => own[i] = (float)Nearest(points.AsSpan(i * d, d), points, i).Distances.Average());
        float least = Math.Max(LeastOwn * own.Average(), float.Epsilon);
        return new(space, points, Array.ConvertAll(own, o => Math.Max(o, least)));
    }

    /// <summary>The same with further points, given as features.</summary>
    public NearestNeighbours With(IEnumerable<float[]> further) => Of(Space, [.. Points, .. further.SelectMany(point => Space.Place(point))]);

    /// <summary>
    /// The mean distance to the <see cref="Neighbours"/> nearest points, divided by the geometric mean of theirs to their own nearest and of that
    /// of the whole sample: half of what a plain distance and half of what a local outlier factor would divide by.
    /// </summary>
    public double Distance(ReadOnlySpan<float> features) => Relative(Space.Place(features), itself: -1);

    /// <summary>The same from all points but the one, if there is one, whose features these are.</summary>
    public double DistanceToOthers(ReadOnlySpan<float> features)
    {
        float[] point = Space.Place(features);
        return Relative(point, Same(point));
    }

    /// <summary>Whether these are the features of one of the points, but for rounding.</summary>
    public bool Contains(ReadOnlySpan<float> features) => Same(Space.Place(features)) >= 0;

    private int Same(ReadOnlySpan<float> point)
    {
        var (distances, indices) = Nearest(point, Points, itself: -1);
        return distances[0] < SamePoint * MeanOwn ? indices[0] : -1;
    }

    private double Relative(ReadOnlySpan<float> point, int itself)
    {
        var (distances, indices) = Nearest(point, Points, itself);
        return distances.Average() / Math.Sqrt(indices.Average(i => (double)Own[i]) * MeanOwn);
    }

    /// <summary>The nearest of all points, but for one.</summary>
    private static (double[] Distances, int[] Indices) Nearest(ReadOnlySpan<float> point, float[] points, int itself)
    {
        int d = point.Length;
        var (distances, indices) = (new double[Neighbours], new int[Neighbours]);
        Array.Fill(distances, double.PositiveInfinity);
        for (int i = 0; i < points.Length / d; i++)
        {
            double distance = i == itself ? double.PositiveInfinity : TensorPrimitives.Distance(point, points.AsSpan(i * d, d));
            int at = Neighbours;
            while (at > 0 && distance < distances[at - 1])
                at--;
            if (at == Neighbours)
                continue;
            distances.AsSpan(at, Neighbours - 1 - at).CopyTo(distances.AsSpan(at + 1));
            indices.AsSpan(at, Neighbours - 1 - at).CopyTo(indices.AsSpan(at + 1));
            (distances[at], indices[at]) = (distance, i);
        }
        return (distances, indices);
    }
}
