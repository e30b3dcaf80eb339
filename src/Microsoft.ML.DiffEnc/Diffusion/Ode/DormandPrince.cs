using System.Globalization;
using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Ode;

/// <summary>dy/dt, [A, n], in double precision.</summary>
/// <param name="time">t of each, [A].</param>
/// <param name="y">The states, [A, n].</param>
/// <param name="rows">Which images they are of: numbers from 0, [A]. Those that have arrived are left out.</param>
internal delegate Tensor OdeField(Tensor time, Tensor y, Tensor rows);

/// <summary>
/// The Runge–Kutta method of orders 5 and 4 of Dormand and Prince (1980), of several images at once. Each has its own time and its own steps, so
/// that its solution does not depend on the others. A step goes on with the result of order 5, whose last evaluation is the first of the next step.
/// </summary>
/// <param name="norm">The error of a step, for each image.</param>
/// <param name="mostSteps">The most steps that an image may try.</param>
internal sealed class DormandPrince(ErrorNorm norm, int mostSteps)
{
    private const int EvaluationsInStep = 6, EvaluationsBefore = 2;

    private static readonly double[] Nodes = [1 / 5.0, 3 / 10.0, 4 / 5.0, 8 / 9.0, 1, 1];

    // The last row is the result of order 5.
    private static readonly double[][] Stages =
    [
        [1 / 5.0],
        [3 / 40.0, 9 / 40.0],
        [44 / 45.0, -56 / 15.0, 32 / 9.0],
        [19372 / 6561.0, -25360 / 2187.0, 64448 / 6561.0, -212 / 729.0],
        [9017 / 3168.0, -355 / 33.0, 46732 / 5247.0, 49 / 176.0, -5103 / 18656.0],
        [35 / 384.0, 0, 500 / 1113.0, 125 / 192.0, -2187 / 6784.0, 11 / 84.0],
    ];

    /// <summary>What the result of order 5 differs by from that of order 4.</summary>
    private static readonly double[] Difference =
        [71 / 57600.0, 0, -71 / 16695.0, 71 / 1920.0, -17253 / 339200.0, 22 / 525.0, -1 / 40.0];

    /// <summary>y at <paramref name="to"/>.</summary>
    /// <param name="field">dy/dt.</param>
    /// <param name="start">y at <paramref name="from"/>, [B, n], in double precision; left as it is.</param>
    /// <param name="from">Where time starts.</param>
    /// <param name="to">Where it ends, above <paramref name="from"/>.</param>
    /// <param name="cancellationToken">Looked at before every step.</param>
    /// <returns>y, [B, n], and how often the field was evaluated for each image.</returns>
    /// <exception cref="InvalidOperationException">An image takes too many steps, or the field is not finite.</exception>
    public (Tensor Y, int[] Evaluations) Solve(OdeField field, Tensor start, double from, double to, CancellationToken cancellationToken = default)
    {
        using var scope = NewDisposeScope();
        var result = start.clone();
        int[] active = [.. Enumerable.Range(0, (int)start.size(0))];
        var (slope, control) = Begin(field, start, from, to);
        var y = start.alias();
        while (active.Length > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (int row in active)
                Check(control[row], row, from, to);
            using var section = ComputeSection.Enter();
            using var step = NewDisposeScope();
            var rows = tensor(Array.ConvertAll(active, row => (long)row), device: start.device);
            var (next, nextSlope, error) = Step(field, y, slope, rows, Array.ConvertAll(active, row => control[row]));
            double[] errors = error.cpu().data<double>().ToArray();
            var good = tensor([.. active.Select((row, i) => control[row].Judge(errors[i]))], device: start.device).unsqueeze(1);
            (next, nextSlope) = (where(good, next, y), where(good, nextSlope, slope));

            result.index_copy_(0, rows, next);
            int[] going = [.. Enumerable.Range(0, active.Length).Where(i => !control[active[i]].IsDone)];
            if (going.Length < active.Length)
            {
                var kept = tensor(Array.ConvertAll(going, i => (long)i), device: start.device);
                (next, nextSlope) = (next.index_select(0, kept), nextSlope.index_select(0, kept));
                active = Array.ConvertAll(going, i => active[i]);
            }
            y.Dispose();
            slope.Dispose();
            (y, slope) = (next.MoveToOuterDisposeScope(), nextSlope.MoveToOuterDisposeScope());
        }
        return (result.MoveToOuterDisposeScope(), Array.ConvertAll(control, c => EvaluationsBefore + EvaluationsInStep * c.Steps));
    }

    /// <summary>The first slope, and first steps from the sizes of y, y' and y'' (Hairer, Nørsett and Wanner, volume I, section II.4).</summary>
    private (Tensor Slope, StepControl[] Control) Begin(OdeField field, Tensor y, double from, double to)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        long count = y.size(0);
        var rows = arange(count, dtype: int64, device: y.device);
        Tensor Times(Tensor after) => full(count, from, dtype: float64, device: y.device) + after;
        double[] Size(Tensor t) => norm(t, y, y).cpu().data<double>().ToArray();

        var slope = field(Times(zeros(count, dtype: float64, device: y.device)), y, rows);
        var (ofY, ofSlope) = (Size(y), Size(slope));
        double[] trial = [.. ofY.Zip(ofSlope, (a, b) => Math.Min(to - from, a < 1e-5 || b < 1e-5 ? 1e-6 : 0.01 * a / b))];
        var trials = tensor(trial, device: y.device);
        double[] ofChange = Size(field(Times(trials), y + trials.unsqueeze(1) * slope, rows) - slope);
        StepControl First(int i)
        {
            double largest = Math.Max(ofSlope[i], ofChange[i] / trial[i]);
            double first = largest > 1e-15 ? Math.Pow(0.01 / largest, 0.2) : Math.Max(1e-6, trial[i] * 1e-3);
            return new StepControl(from, to, Math.Min(100 * trial[i], double.IsNaN(first) ? trial[i] : first));
        }
        return (slope.MoveToOuterDisposeScope(), [.. Enumerable.Range(0, (int)count).Select(First)]);
    }

    private (Tensor Y, Tensor Slope, Tensor Error) Step(OdeField field, Tensor y, Tensor slope, Tensor rows, StepControl[] control)
    {
        var time = tensor(Array.ConvertAll(control, c => c.Time), device: y.device);
        var step = tensor(Array.ConvertAll(control, c => c.Step), device: y.device);
        var perRow = step.unsqueeze(1);
        List<Tensor> slopes = [slope];
        var next = y;
        for (int stage = 0; stage < Stages.Length; stage++)
        {
            next = y + perRow * Combined(Stages[stage], slopes);
            slopes.Add(field(time + Nodes[stage] * step, next, rows));
        }
        return (next, slopes[^1], norm(perRow * Combined(Difference, slopes), y, next));
    }

    private static Tensor Combined(double[] weights, List<Tensor> slopes)
        => weights.Zip(slopes).Where(p => p.First != 0).Select(p => p.First * p.Second).Aggregate((a, b) => a + b);

    private void Check(StepControl control, int row, double from, double to)
    {
        if (control.Steps < mostSteps && !control.IsStuck)
            return;
        string where = string.Create(
            CultureInfo.InvariantCulture, $"image {row} of the batch stands at {control.Time:G6} on its way from {from:G6} to {to:G6}");
        string next = string.Create(CultureInfo.InvariantCulture, $"its next step would be {control.Step:G3} long");
        throw new InvalidOperationException(control.IsStuck
            ? $"The differential equation cannot be solved: {where}, and {next}. Its slope is not finite, or changes without bound: check the weights."
            : $"The differential equation was not solved in {mostSteps} steps: {where}, and {next}. Raise MaxSteps, or Tolerance.");
    }
}
