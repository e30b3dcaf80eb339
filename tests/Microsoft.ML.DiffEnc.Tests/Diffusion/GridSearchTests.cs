using Microsoft.ML.DiffEnc.Diffusion;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class GridSearchTests
{
    /// <summary>All increasing ways from <paramref name="from"/> to <paramref name="last"/> in so many steps.</summary>
    private static IEnumerable<int[]> Ways(int from, int last, int depth) => depth == 0
        ? from == last ? [[from]] : []
        : Enumerable.Range(from + 1, last - from).SelectMany(next => Ways(next, last, depth - 1).Select(rest => (int[])[from, .. rest]));

    private static double Cost(double[,] cost, int[] way) => way.Zip(way.Skip(1), (s, t) => cost[s, t]).Sum();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(9)]
    public void The_cheapest_way_is_that_of_a_search_through_all(int depth)
    {
        const int last = 9;
        var random = new Random(depth);
        for (int trial = 0; trial < 20; trial++)
        {
            var cost = new double[last + 1, last + 1];
            foreach (int i in Enumerable.Range(0, last + 1))
                foreach (int j in Enumerable.Range(0, last + 1))
                    cost[i, j] = random.NextDouble() * (j - i) * (j - i); // rows after columns hold what must not be used
            int[] found = GridSearch.Cheapest(cost, depth);
            int[] expected = Ways(0, last, depth).MinBy(way => Cost(cost, way))!;
            Assert.Equal(expected, found);
        }
    }

    [Fact]
    public void Steps_are_short_where_they_cost_much()
    {
        // A cost of f(t) × length² is least, for many candidates, where steps are short in inverse proportion to f's cube root: f = 1, then 27.
        const int last = 400, depth = 40;
        var cost = new double[last + 1, last + 1];
        for (int s = 0; s < last; s++)
        {
            for (int t = s + 1; t <= last; t++)
            {
                double cheap = Math.Max(0, Math.Min(t, last / 2) - s), dear = t - s - cheap;
                cost[s, t] = Math.Pow(cheap + Math.Sqrt(27) * dear, 2);
            }
        }
        int[] found = GridSearch.Cheapest(cost, depth);
        int[] uniform = [.. Enumerable.Range(0, depth + 1).Select(i => i * last / depth)];
        Assert.True(Cost(cost, found) < 0.93 * Cost(cost, uniform), $"{Cost(cost, found)}, uniform {Cost(cost, uniform)}");
        double inFirstHalf = found.Count(j => j <= last / 2) - 1;
        Assert.InRange((depth - inFirstHalf) / inFirstHalf, 4.2, 6.5); // √27 = 5.2 times as many in the dear half
    }

    [Fact]
    public void More_steps_than_candidates_are_refused()
        => Assert.Throws<ArgumentOutOfRangeException>(() => GridSearch.Cheapest(new double[4, 4], 4));
}
