using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class NearestNeighboursTests
{
    [Fact]
    public void The_distance_is_the_mean_of_the_five_nearest_in_standard_deviations()
    {
        // 0, 1, …, 9 and a second coordinate that is always 3: mean 4.5, variance 8.25.
        var line = NearestNeighbours.Fit([.. Enumerable.Range(0, 10).Select(i => new[] { (float)i, 3 })]);
        double unit = Math.Sqrt(8.25) * Math.Sqrt(2); // two coordinates
        Assert.Equal((1 + 2 + 3 + 4 + 5) / 5.0 / unit, line.Distance([10, 3]), 1e-6);
        Assert.Equal((0 + 1 + 1 + 2 + 2) / 5.0 / unit, line.Distance([5, 3]), 1e-6);
        Assert.True(line.Distance([5, 3.1f]) > 1000, "a coordinate that never changed has");
    }

    [Fact]
    public void A_point_of_the_sample_is_not_its_own_neighbour()
    {
        var line = NearestNeighbours.Fit([.. Enumerable.Range(0, 10).Select(i => new[] { (float)i })]);
        double[] distances = [.. line.DistancesFromTheOthers()];
        Assert.Equal((1 + 2 + 3 + 4 + 5) / 5.0 / Math.Sqrt(8.25), distances[0], 1e-6);
        Assert.Equal((1 + 1 + 2 + 2 + 3) / 5.0 / Math.Sqrt(8.25), distances[5], 1e-6);
    }

    [Fact]
    public void A_large_sample_is_thinned_out_evenly()
    {
        var line = NearestNeighbours.Fit([.. Enumerable.Range(0, 2500).Select(i => new[] { (float)i })]);
        Assert.Equal(NearestNeighbours.MostPoints, line.Count);
        double[] kept = [.. line.Points.Select(p => (double)p * line.Scale[0] + line.Mean[0])];
        Assert.All(kept.Zip(kept.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, 1.9, 3.1));
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

        using var few = new MemoryStream();
        NormalFeatures.Write(few, features with { Points = features.Points[..4] });
        few.Position = 0;
        Assert.Contains("do not belong together", Assert.Throws<InvalidDataException>(() => NormalFeatures.Read(few)).Message, StringComparison.Ordinal);
    }
}
