using System.Numerics.Tensors;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// Where features are compared: of many, only the principal components of a sample, with the length of what these leave out as one coordinate more.
/// Distances stay close to what they were, and take a fraction of the memory.
/// </summary>
/// <param name="Mean">The mean of each feature.</param>
/// <param name="Scale">The unit of each feature, above 0.</param>
/// <param name="Basis">The principal directions of the features in these units, orthonormal, one after the other; empty: there are no more coordinates
/// than features.</param>
internal sealed record FeatureSpace(float[] Mean, float[] Scale, float[] Basis)
{
    /// <summary>The components that are kept.</summary>
    public const int Components = 64;

    /// <summary>The points that directions are taken from at the least: those of fewer are their own, rather than those of what they are a sample
    /// of.</summary>
    public const int EnoughPoints = 16 * Components;

    // Of the subspace iteration (Halko et al., 2011): directions beyond those wanted, and passes over the sample.
    private const int Surplus = 8, Passes = 4;

    // Where no feature changes: any change is unusual.
    private const float LeastScale = 1e-6f;

    /// <summary>The number of features.</summary>
    public int Features => Mean.Length;

    /// <summary>The number of coordinates.</summary>
    public int Dimensions => Basis.Length == 0 ? Features : Basis.Length / Features + 1;

    /// <param name="sample">Points of equally many features each.</param>
    public static FeatureSpace Fit(IReadOnlyList<float[]> sample)
    {
        int features = sample[0].Length;
        var mean = new float[features];
        double variance = 0;
        for (int j = 0; j < features; j++)
        {
            double sum = 0;
            foreach (float[] point in sample)
                sum += point[j];
            mean[j] = (float)(sum / sample.Count);
            foreach (float[] point in sample)
                variance += Math.Pow(point[j] - mean[j], 2) / sample.Count / features;
        }
        // One unit for all: in units of its own, a feature that hardly changes would weigh as much as those that tell images apart.
        float[] scale = [.. Enumerable.Repeat(Math.Max((float)Math.Sqrt(variance), LeastScale), features)];
        var whole = new FeatureSpace(mean, scale, []);
        bool isReduced = features > Components + Surplus && sample.Count >= EnoughPoints;
        return isReduced ? whole with { Basis = PrincipalDirections(sample, whole) } : whole;
    }

    /// <summary>The coordinates of features.</summary>
    public float[] Place(ReadOnlySpan<float> features)
    {
        var standard = new float[Features];
        for (int j = 0; j < standard.Length; j++)
            standard[j] = (features[j] - Mean[j]) / Scale[j];
        if (Basis.Length == 0)
            return standard;
        var place = new float[Dimensions];
        double rest = TensorPrimitives.SumOfSquares<float>(standard);
        for (int i = 0; i < place.Length - 1; i++)
        {
            place[i] = TensorPrimitives.Dot<float>(standard, Basis.AsSpan(i * Features, Features));
            rest -= (double)place[i] * place[i];
        }
        place[^1] = (float)Math.Sqrt(Math.Max(rest, 0));
        return place;
    }

    private static float[] PrincipalDirections(IReadOnlyList<float[]> sample, FeatureSpace whole)
    {
        using var scope = NewDisposeScope();
        var x = tensor(sample.SelectMany(point => whole.Place(point)).ToArray(), [sample.Count, whole.Features]); // [n, d]
        var random = new Random(1);
        var start = new float[whole.Features * (Components + Surplus)];
        for (int i = 0; i < start.Length; i++)
            start[i] = random.NextSingle() - 0.5f;
        var directions = tensor(start, [whole.Features, Components + Surplus]);
        for (int pass = 0; pass < Passes; pass++)
            directions = linalg.qr(x.t().mm(x.mm(directions))).Q;
        // Within that subspace, those of the largest variance: eigenvalues ascend.
        var inside = x.mm(directions);
        var (_, vectors) = linalg.eigh(inside.t().mm(inside));
        return directions.mm(vectors.narrow(1, Surplus, Components)).t().contiguous().data<float>().ToArray();
    }
}
