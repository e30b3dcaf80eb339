using Microsoft.ML.DiffEnc.Diffusion.Ode;
using Xunit;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Diffusion.Ode;

/// <summary>The solver on equations with known solutions.</summary>
public sealed class DormandPrinceTests : IDisposable
{
    private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    /// <summary>The oscillator (y, y')' = (y', −y): after t the point (1, 0) stands at (cos t, −sin t).</summary>
    private static Tensor Oscillator(Tensor time, Tensor y, Tensor rows) => cat([y.narrow(1, 1, 1), -y.narrow(1, 0, 1)], 1);

    private static DormandPrince Solver(double tolerance, int mostSteps = 10_000)
        => new(new OdeTolerance(tolerance, tolerance).RootMeanSquare, mostSteps);

    private static Tensor Points(params double[] values) => tensor(values).reshape(-1, 2);

    private static (double Error, int Evaluations) OscillatorError(double tolerance)
    {
        var (y, evaluations) = Solver(tolerance).Solve(Oscillator, Points(1, 0), 0, 10);
        return ((y - Points(Math.Cos(10), -Math.Sin(10))).abs().max().item<double>(), evaluations[0]);
    }

    [Theory]
    [InlineData(1e-3)]
    [InlineData(1e-6)]
    [InlineData(1e-9)]
    [InlineData(1e-12)]
    public void The_error_follows_the_tolerance(double tolerance)
    {
        var (error, evaluations) = OscillatorError(tolerance);
        Assert.InRange(error, 0, 100 * tolerance); // the errors of some ten to a few hundred steps add up
        Assert.InRange(evaluations, 20, 20_000);
    }

    [Fact]
    public void The_error_falls_with_the_fifth_power_of_the_evaluations()
    {
        var (coarse, fine) = (OscillatorError(1e-5), OscillatorError(1e-10));
        double order = Math.Log(coarse.Error / fine.Error) / Math.Log((double)fine.Evaluations / coarse.Evaluations);
        Assert.InRange(order, 4.7, 5.3);
    }

    [Fact]
    public void Polynomials_of_fifth_degree_are_exact_whatever_the_steps()
    {
        static Tensor Field(Tensor time, Tensor y, Tensor rows) => (5 * time.pow(4) - 8 * time.pow(3) + 3).unsqueeze(1).expand_as(y);
        var (y, evaluations) = Solver(1).Solve(Field, Points(1, -1), 0, 2); // y = y_0 + t⁵ − 2 t⁴ + 3 t = y_0 + 6
        Assert.Equal([7, 5], y.data<double>().ToArray().Select(v => Math.Round(v, 12)));
        Assert.InRange(evaluations[0], 8, 40);
    }

    [Fact]
    public void Every_image_takes_its_own_steps_whoever_is_beside_it()
    {
        // y' = −k (y − sin t) + cos t with the image's own k: y = sin t, from the perturbed start with a fast transient.
        double[] speeds = [1, 30, 5];
        Tensor Start(int count) => full(count, 2, 0.5, dtype: float64);
        OdeField Field(double[] k) => (time, y, rows) =>
        {
            var t = time.unsqueeze(1);
            return -tensor(k).index_select(0, rows).unsqueeze(1) * (y - sin(t)) + cos(t);
        };
        var (together, evaluations) = Solver(1e-6).Solve(Field(speeds), Start(3), 0, 3);
        Assert.Equal(3, evaluations.Distinct().Count());
        for (int i = 0; i < 3; i++)
        {
            var (alone, own) = Solver(1e-6).Solve(Field([speeds[i]]), Start(1), 0, 3);
            Assert.Equal(own[0], evaluations[i]);
            Assert.Equal(alone[0].data<double>().ToArray(), together[i].data<double>().ToArray());
            Assert.Equal(Math.Sin(3) + 0.5 * Math.Exp(-3 * speeds[i]), together[i, 0].item<double>(), 1e-5);
        }
    }

    [Fact]
    public void Evaluations_are_counted()
    {
        int calls = 0;
        var (_, evaluations) = Solver(1e-6).Solve((time, y, rows) =>
        {
            calls++;
            return Oscillator(time, y, rows);
        }, Points(1, 0), 0, 10);
        Assert.Equal(calls, evaluations[0]);
    }

    [Fact]
    public void Too_many_steps_are_an_error_that_says_where_it_stands_and_what_to_do()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Solver(1e-9, mostSteps: 5).Solve(Oscillator, Points(1, 0, 0, 1), 0, 10));
        Assert.All(
            ["5 steps", "image 0", "from 0 to 10", "MaxSteps", "Tolerance"], word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_slope_that_is_not_finite_is_an_error(double value)
    {
        OdeField field = (time, y, rows) => where((time > 1).unsqueeze(1), full_like(y, value), ones_like(y));
        var error = Assert.Throws<InvalidOperationException>(() => Solver(1e-6).Solve(field, Points(1, 0), 0, 2));
        Assert.Contains("stands at 1 ", error.Message, StringComparison.Ordinal);
        Assert.Contains("not finite", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelling_stops_between_steps()
    {
        using var source = new CancellationTokenSource();
        OdeField field = (time, y, rows) =>
        {
            source.Cancel();
            return Oscillator(time, y, rows);
        };
        Assert.Throws<OperationCanceledException>(() => Solver(1e-6).Solve(field, Points(1, 0), 0, 10, source.Token));
    }

    [Fact]
    public void Solving_leaves_nothing_behind_but_the_solution()
    {
        var start = Points(1, 0, 0, 1);
        long before = Tensor.TotalCount;
        using (Solver(1e-6).Solve(Oscillator, start, 0, 10).Y)
            Assert.Equal(before + 1, Tensor.TotalCount);
        Assert.Equal(before, Tensor.TotalCount);
    }
}
