using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Studies.Depth;

/// <summary>
/// Times by gradient descent (Adam) on the increments' softmax, from uniform ones. The cost between candidate times is interpolated: M/expm1(γ_t −
/// γ_s), which is smooth in s and t, linearly in both.
/// </summary>
/// <param name="model">For γ(t).</param>
/// <param name="table">M between the candidate times.</param>
internal sealed class GradientSearch(DiffEncModel model, double[,] table)
{
    private const int Iterations = 1500;
    private const double Rate = 0.02, Beta1 = 0.9, Beta2 = 0.99, Epsilon = 1e-12;

    /// <summary>The grid of T steps and its L_T on the calibration images, in nats.</summary>
    public (TimeGrid Grid, double Loss) Best(int depth, double? weight)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        int last = table.GetLength(0) - 1;
        var smooth = Smooth(last);
        var logits = zeros(depth, dtype: float64).requires_grad_();
        var (first, second) = (zeros(depth, dtype: float64), zeros(depth, dtype: float64));
        for (int i = 1; i <= Iterations; i++)
        {
            using var iteration = NewDisposeScope();
            Cost(MeanErrors(Times(logits), smooth, last), weight).sum().backward();
            using var noGradients = no_grad();
            var gradient = logits.grad!;
            first.mul_(Beta1).add_(gradient * (1 - Beta1));
            second.mul_(Beta2).add_(gradient.square() * (1 - Beta2));
            double rate = Rate * (1 - (double)i / Iterations);
            logits.sub_(rate * (first / (1 - Math.Pow(Beta1, i))) / ((second / (1 - Math.Pow(Beta2, i))).sqrt() + Epsilon));
            gradient.zero_();
        }
        using var done = no_grad();
        var times = Times(logits);
        var errors = MeanErrors(times, smooth, last);
        double[] found = [.. times.data<double>()];
        (found[0], found[^1]) = (0, 1);
        double[] weights = [.. errors.data<double>().Select(m => weight ?? StepDivergence.OptimalWeight(m))];
        return (new TimeGrid(found, weights), Cost(errors, weight).sum().item<double>());
    }

    private static Tensor Times(Tensor logits) => cat([zeros(1, dtype: float64), logits.softmax(0).cumsum(0)]);

    private Tensor Cost(Tensor errors, double? weight) => weight is { } w
        ? StepDivergence.Of(errors, full_like(errors, w), model.Description.Dimensions)
        : StepDivergence.AtOptimum(errors, model.Description.Dimensions);

    /// <summary>M of the steps of a grid, [T].</summary>
    private Tensor MeanErrors(Tensor times, Tensor smooth, int last)
    {
        long depth = times.size(0) - 1;
        var (s, t) = (times.narrow(0, 0, depth), times.narrow(0, 1, depth));
        var gamma = model.Schedule.At(times.to(model.Device)).Gamma.cpu();
        var (i, j) = ((s.detach() * last).floor().clamp(0, last - 1), (t.detach() * last).floor().clamp(0, last - 1));
        var (a, b) = (s * last - i, t * last - j);
        Tensor At(int di, int dj) => smooth.flatten().index_select(0, ((i + di) * (last + 1) + j + dj).to(int64));
        var between = (1 - a) * (1 - b) * At(0, 0) + a * (1 - b) * At(1, 0) + (1 - a) * b * At(0, 1) + a * b * At(1, 1);
        return expm1(gamma.narrow(0, 1, depth) - gamma.narrow(0, 0, depth)) * between;
    }

    /// <summary>M/expm1(γ_t − γ_s) between candidates; where s is not below t, that of the last s that is.</summary>
    private Tensor Smooth(int last)
    {
        double[] gamma = [.. model.Schedule.At(linspace(0, 1, last + 1, dtype: float64, device: model.Device)).Gamma.cpu().data<double>()];
        var values = new double[(last + 1) * (last + 1)];
        for (int s = 0; s <= last; s++)
        {
            for (int t = 0; t <= last; t++)
            {
                var (from, to) = (Math.Min(s, Math.Max(t, 1) - 1), Math.Max(t, 1));
                values[s * (last + 1) + t] = table[from, to] / (Math.Exp(gamma[to] - gamma[from]) - 1);
            }
        }
        return tensor(values, [last + 1, last + 1], dtype: float64);
    }
}
