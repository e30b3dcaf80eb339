using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Persistence;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class NearestNeighboursTests
{
    [Fact]
    public void The_distance_is_that_to_the_five_nearest_against_theirs_to_their_own()
    {
        // 0, 1, …, 19: from an end 1, 2, 3, 4, 5 to the nearest five; one further in 1, 1, 2, 3, 4; then 1, 1, 2, 2, 3.
        var line = NearestNeighbours.Fit(Line(20));
        double[] own = [3, 11 / 5.0, .. Enumerable.Repeat(9 / 5.0, 16), 11 / 5.0, 3];
        double unit = Math.Sqrt(Enumerable.Range(0, 20).Average(i => Math.Pow(i - 9.5, 2)));
        Assert.All(own.Zip(line.Own), pair => Assert.Equal(pair.First, pair.Second * unit, 1e-5));
        double nearestOwn = own[^5..].Average();
        Assert.Equal((1 + 2 + 3 + 4 + 5) / 5.0 / Math.Sqrt(nearestOwn * own.Average()), line.Distance([20]), 1e-5);
    }

    [Fact]
    public void What_is_as_far_from_a_dense_part_as_from_a_thin_one_is_farther_from_the_dense_one()
    {
        float[][] sample = [.. Line(10).Select(p => new[] { p[0] / 100 }), .. Line(10).Select(p => new[] { 100 + p[0] })];
        var parts = NearestNeighbours.Fit(sample);
        Assert.True(parts.Distance([0.045f + 6]) > 2 * parts.Distance([100 + 4.5f + 10.5f]));
    }

    [Fact]
    public void A_point_of_the_sample_is_not_its_own_neighbour_and_copies_are_no_measure()
    {
        var line = NearestNeighbours.Fit(Line(20));
        double[] distances = [.. Line(20).Select(point => line.DistanceToOthers(point))];
        Assert.True(distances[0] > distances[10] && distances[10] > 0.5, $"{distances[0]}, {distances[10]}");
        Assert.Equal(line.Distance([20.5f]), line.DistanceToOthers([20.5f])); // none of them
        Assert.True(line.Contains([7.00001f]) && !line.Contains([7.1f]));
        var copies = NearestNeighbours.Fit([.. Line(20), .. Enumerable.Repeat(new[] { 50f }, 8)]);
        Assert.All(copies.Own, d => Assert.True(d > 0));
        Assert.True(double.IsFinite(copies.Distance([51])));
    }

    [Fact]
    public void Further_points_are_neighbours_too()
    {
        var line = NearestNeighbours.Fit(Line(20));
        var more = line.With(Line(20).Select(p => new[] { p[0] + 30 }));
        Assert.Equal(40, more.Count);
        Assert.True(more.Distance([40]) < 0.5 * line.Distance([40]));
        Assert.Equal(more.Distance([40]), more.Distance([9]), 1e-4);
    }

    [Fact]
    public void Of_many_features_the_principal_components_are_kept_and_the_length_of_the_rest()
    {
        // 300 features of 1,100 points that vary in 10 directions, and one point that leaves them.
        const int features = 300, directions = 10;
        var random = new Random(3);
        double[] Normal(int count) => [.. Enumerable.Range(0, count).Select(_ => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))];
        double[][] basis = [.. Enumerable.Range(0, directions).Select(_ => Normal(features))];
        float[] Point(double[] at) => [.. Enumerable.Range(0, features).Select(j => (float)at.Select((a, i) => a * basis[i][j]).Sum())];
        float[][] sample = [.. Enumerable.Range(0, 1100).Select(_ => Point(Normal(directions)))];
        var space = FeatureSpace.Fit(sample);
        Assert.Equal(FeatureSpace.Components + 1, space.Dimensions);
        double Length(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => Math.Pow(x - y, 2)).Sum());
        float[] p = space.Place(sample[5]), q = space.Place(sample[70]);
        Assert.Equal(Length(sample[5], sample[70]) / space.Scale[0], Length(p, q), 1e-2);
        Assert.InRange(p[^1], 0, 0.05);
        float[] away = [.. sample[5].Zip(Normal(features), (a, b) => a + (float)b)];
        Assert.True(space.Place(away)[^1] > 10 * 0.05);
    }

    [Fact]
    public void What_is_written_is_read_and_damage_is_named()
    {
        var features = NearestNeighbours.Fit([.. Enumerable.Range(0, 8).Select(i => new[] { (float)i, i * i })]);
        using var file = new MemoryStream();
        NormalFeatures.Write(file, features);
        file.Position = 0;
        var read = NormalFeatures.Read(file);
        Assert.Equal(features.Points, read.Points);
        Assert.Equal(features.Distance([2.5f, 7]), read.Distance([2.5f, 7]));

        foreach (var wrong in new[] { features with { Points = features.Points[..4] }, features with { Own = features.Own[..4] }, features with { Own = new float[8] } })
        {
            using var damaged = new MemoryStream();
            NormalFeatures.Write(damaged, wrong);
            damaged.Position = 0;
            Assert.Contains("do not belong together", Assert.Throws<InvalidDataException>(() => NormalFeatures.Read(damaged)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Features_written_before_neighbours_had_distances_of_their_own_give_what_they_gave()
    {
        using var scope = NewDisposeScope();
        using var file = new MemoryStream();
        float[] points = [.. Enumerable.Range(0, 10).SelectMany(i => new[] { i - 4.5f, 0 })];
        Safetensors.Write(file, new Dictionary<string, Tensor>
        {
            ["points"] = tensor(points, [10, 2]),
            ["mean"] = tensor(new[] { 9f, 3 }),
            ["scale"] = tensor(new[] { 2f, 1 }),
        });
        file.Position = 0;
        // (20 − 9)/2 = 5.5: 1, 2, 3, 4 and 5 from the nearest, over the root of the number of coordinates.
        Assert.Equal(3 / Math.Sqrt(2), NormalFeatures.Read(file).Distance([20, 3]), 1e-5);
    }

    private static float[][] Line(int count) => [.. Enumerable.Range(0, count).Select(i => new[] { (float)i })];
}
