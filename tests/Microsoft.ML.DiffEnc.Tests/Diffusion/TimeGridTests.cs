using Microsoft.ML.DiffEnc.Diffusion;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion;

public class TimeGridTests
{
    private static readonly Dictionary<string, (double[] Times, double[]? Weights, string Says)> Wrong = new()
    {
        ["one time"] = ([0], null, "1 times; expected T + 1"),
        ["late start"] = ([0.1, 1], null, "from 0.1 to 1; expected from 0 to 1"),
        ["early end"] = ([0, 0.9], null, "from 0 to 0.9"),
        ["standstill"] = ([0, 0.5, 0.5, 1], null, "Time 2 is 0.5 and the one before is 0.5"),
        ["no number"] = ([0, double.NaN, 1], null, "Time 1 is NaN"),
        ["too few weights"] = ([0, 0.5, 1], [1], "1 weights; expected one for each of the 2 steps"),
        ["zero weight"] = ([0, 0.5, 1], [1, 0], "weight of step 2 is 0"),
        ["infinite weight"] = ([0, 0.5, 1], [double.PositiveInfinity, 1], "weight of step 1"),
    };

    public static TheoryData<string> WrongNames => [.. Wrong.Keys];

    [Theory]
    [MemberData(nameof(WrongNames))]
    public void Numbers_that_make_no_grid_are_refused(string name)
    {
        var (times, weights, says) = Wrong[name];
        Assert.Contains(says, Assert.Throws<ArgumentException>(() => new TimeGrid(times, weights)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_uniform_grid_has_steps_of_equal_length_and_one_weight()
    {
        var grid = TimeGrid.Uniform(4, weight: 0.5);
        Assert.Equal([0, 0.25, 0.5, 0.75, 1], grid.Times);
        Assert.Equal([0.5, 0.5, 0.5, 0.5], grid.Weights);
        Assert.All(TimeGrid.Uniform(3).Weights, w => Assert.Equal(1, w));
        Assert.Throws<ArgumentOutOfRangeException>(() => TimeGrid.Uniform(0));
        Assert.Throws<ArgumentException>(() => TimeGrid.Uniform(3, weight: -1));
    }

    [Fact]
    public void Grids_are_equal_when_their_numbers_are()
    {
        Assert.Equal(TimeGrid.Uniform(4), new TimeGrid([0, 0.25, 0.5, 0.75, 1]));
        Assert.Equal(TimeGrid.Uniform(4).GetHashCode(), new TimeGrid([0, 0.25, 0.5, 0.75, 1]).GetHashCode());
        Assert.NotEqual(TimeGrid.Uniform(4), TimeGrid.Uniform(4, weight: 0.5));
        Assert.NotEqual(TimeGrid.Uniform(4), new TimeGrid([0, 0.2, 0.5, 0.75, 1]));
        Assert.Equal("4 steps of 0.25 to 0.25, w = σ_Q²/σ_P² from 0.5 to 0.5", TimeGrid.Uniform(4, weight: 0.5).ToString());
    }

    [Fact]
    public void A_uniform_number_falls_on_the_step_that_contains_it()
    {
        using var scope = NewDisposeScope();
        var grid = new TimeGrid([0, 0.1, 0.7, 1], [0.9, 0.8, 0.7]);
        var step = grid.StepsAt(tensor(new[] { 0, 0.33, 0.34, 0.67, 0.999 })); // thirds, whatever the lengths of the steps
        Assert.Equal([0.1, 0.1, 0.7, 1, 1], step.T.data<double>());
        Assert.Equal([0, 0, 0.1, 0.7, 0.7], step.S.data<double>());
        Assert.Equal([0.9, 0.9, 0.8, 0.7, 0.7], step.Weight.data<double>());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(256)]
    public void As_many_low_discrepancy_numbers_as_steps_visit_every_step_once(int depth)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)depth);
        for (int i = 0; i < 20; i++)
        {
            var uniform = LowDiscrepancy.Times(rand(1, dtype: float64, generator: generator), depth);
            Assert.Equal(Enumerable.Range(0, depth).Select(k => (long)k), TimeGrid.Uniform(depth).Indices(uniform).data<long>().Order());
        }
    }
}
