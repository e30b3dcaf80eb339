using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// What the best variances and the best times of a process in T steps follow from: M = E‖μ_P − μ_Q‖²/(d σ_Q²) of its steps, the mean over
/// images and their draws. An image's draws depend on the seed and its own pixels alone.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="images">The images, channels first, one byte a value.</param>
/// <param name="draws">How often each step is evaluated on each image.</param>
/// <param name="seed">Decides the noise.</param>
internal sealed class Calibration(DiffEncModel model, IReadOnlyList<byte[]> images, int draws, int seed)
{
    // Tells these draws from those that images are scored on, should the seeds be the same.
    private const ulong Purpose = 0x7374_6570_7661_7273;

    /// <summary>The class that each image is given, 0 for none; <see langword="null"/>: none is.</summary>
    public IReadOnlyList<int>? Classes { get; init; }

    /// <summary>Held while the model computes, image by image.</summary>
    public Lock Network { get; init; } = new();

    /// <summary>Told how many images are done after each.</summary>
    public Action<int>? Done { get; init; }

    public CancellationToken CancellationToken { get; init; }

    /// <summary>The grid with the optimal variance of each step, w = 1/(1 + M).</summary>
    public TimeGrid WithOptimalVariance(TimeGrid grid)
        => grid.WithWeights([.. MeanErrors(grid).Select(StepDivergence.OptimalWeight)]);

    /// <summary>M of each step of a grid.</summary>
    public double[] MeanErrors(TimeGrid grid)
    {
        using var average = Average((image, @class, noise) => OfSteps(image, @class, grid, noise));
        return average.data<double>().ToArray();
    }

    /// <summary>M of the steps between all of N + 1 times of equal distances.</summary>
    /// <returns>From t, the second index, to s &lt; t, the first.</returns>
    public double[,] MeanErrorsBetween(int candidates)
    {
        using var table = Average((image, @class, noise) =>
        {
            var times = Times(candidates);
            // The same ε at every time: a search among noisy costs would otherwise choose the times whose noise happens to be favourable.
            var eps = noise(0, 1);
            return model.Steps.MeanErrorsBetween(image, @class, times, eps, model.EvaluationsPerPass);
        });
        double[] values = table.data<double>().ToArray();
        var result = new double[candidates + 1, candidates + 1];
        Buffer.BlockCopy(values, 0, result, 0, values.Length * sizeof(double));
        return result;
    }

    /// <summary>The grid of T of these times whose expected L_T on the images is smallest.</summary>
    /// <param name="meanErrors">What <see cref="MeanErrorsBetween"/> has found.</param>
    /// <param name="depth">T.</param>
    /// <param name="dimensions">d.</param>
    /// <param name="weight">w of every step; <see langword="null"/>: each step's optimal one.</param>
    public static TimeGrid Best(double[,] meanErrors, int depth, int dimensions, double? weight)
    {
        int last = meanErrors.GetLength(0) - 1;
        var cost = new double[last + 1, last + 1];
        for (int s = 0; s < last; s++)
        {
            for (int t = s + 1; t <= last; t++)
            {
                double m = meanErrors[s, t];
                cost[s, t] = weight is { } w ? StepDivergence.Of(m, w, dimensions) : StepDivergence.AtOptimum(m, dimensions);
            }
        }
        int[] chosen = GridSearch.Cheapest(cost, depth);
        return new TimeGrid(
            [.. chosen.Select(j => (double)j / last)],
            [.. chosen.Zip(chosen.Skip(1), (s, t) => weight ?? StepDivergence.OptimalWeight(meanErrors[s, t]))]);
    }

    /// <summary>The mean over images and draws of what is computed of one scaled image, its class and its own noise, on the CPU.</summary>
    private Tensor Average(Func<Tensor, int, Func<long, long, Tensor>, Tensor> compute)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        Tensor? sum = null;
        for (int i = 0; i < images.Count; i++)
        {
            CancellationToken.ThrowIfCancellationRequested();
            for (int draw = 0; draw < draws; draw++)
            {
                lock (Network)
                {
                    using var pass = NewDisposeScope();
                    var of = compute(Scaled(images[i]), Classes?[i] ?? 0, Noise(images[i], draw)).cpu();
                    using var section = ComputeSection.Enter();
                    var total = (sum is null ? of : sum + of).MoveToOuterDisposeScope();
                    sum?.Dispose();
                    sum = total;
                }
            }
            Done?.Invoke(i + 1);
        }
        using var last = ComputeSection.Enter();
        return (sum! / (images.Count * draws)).MoveToOuterDisposeScope();
    }

    private Tensor Times(int candidates)
    {
        using var section = ComputeSection.Enter();
        return linspace(0, 1, candidates + 1, dtype: float64, device: model.Device);
    }

    /// <summary>M of each step of one image, [T] in double precision.</summary>
    private Tensor OfSteps(Tensor image, int @class, TimeGrid grid, Func<long, long, Tensor> noise)
    {
        using var scope = NewDisposeScope();
        var found = new List<Tensor>();
        for (long first = 0; first < grid.Depth; first += model.EvaluationsPerPass)
        {
            using var section = ComputeSection.Enter();
            using var pass = NewDisposeScope();
            long now = Math.Min(model.EvaluationsPerPass, grid.Depth - first);
            var step = grid.Steps(arange(first, first + now, dtype: int64, device: model.Device));
            var conditioning = full(now, @class, dtype: model.DataType, device: model.Device);
            var errors = model.Steps.MeanError(image.expand(now, -1, -1, -1), step, noise(first, now), conditioning);
            found.Add(errors.to(float64).MoveToOuterDisposeScope());
        }
        return cat(found).MoveToOuterDisposeScope();
    }

    private Tensor Scaled(byte[] pixels) => model.Scale(tensor(pixels, [1, .. Shape], dtype: uint8));

    /// <summary>The noise of some of an image's evaluations, given the first one and their number: each has its own, in whatever pass.</summary>
    private Func<long, long, Tensor> Noise(byte[] pixels, int draw)
    {
        ulong image = Seeds.Mix(Seeds.Hash(pixels), Purpose, (ulong)draw);
        return (first, count) =>
        {
            using var scope = NewDisposeScope();
            var all = new Tensor[count];
            for (long i = 0; i < count; i++)
            {
                using var generator = new Generator(Seeds.Mix((ulong)seed, image, (ulong)(first + i)), CPU);
                all[i] = randn(Shape, dtype: float32, generator: generator);
            }
            return stack(all).to(model.DataType, model.Device).MoveToOuterDisposeScope();
        };
    }

    private long[] Shape => [model.Description.Channels, model.Description.Height, model.Description.Width];
}
