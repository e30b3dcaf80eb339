using Microsoft.ML.DiffEnc.Interop;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion.Ode;

/// <summary>
/// Scores images given as bytes by −log P(x) ≤ −E_q[log p(x | z_0) + log p_ODE(z_0) − log q(z_0 | x)] with q(z_0 | x) = N(α_0 x_{t=0}, σ_0² I).
/// Not thread-safe: one call at a time.
/// </summary>
internal sealed class OdeScorer
{
    // Trajectories that are followed at once. Each keeps the activations of one evaluation for its backward passes, as training does.
    private const int TrajectoriesPerPassOnCpu = 8, TrajectoriesPerPassOnGpu = 128;

    private readonly DiffEncModel _model;
    private readonly OdeDraws _draws;
    private readonly OdeDensity _density;
    private readonly long[] _shape;
    private readonly int _drawsPerPass, _imagesPerPass;

    /// <param name="model">The model.</param>
    /// <param name="draws">The draws of an image.</param>
    /// <param name="tolerance">See <see cref="OdeDensity"/>.</param>
    /// <param name="mostSteps">The most steps for a draw.</param>
    /// <param name="imagesPerPass">
    /// Images that go through the network at once; <see langword="null"/>: one on the CPU, where passes of one shape give the same bits in any
    /// company, and as many as fill a pass on a GPU, where rounding may change the steps that are taken, and so a score by its tolerance.
    /// </param>
    public OdeScorer(DiffEncModel model, OdeDraws draws, double tolerance, int mostSteps, int? imagesPerPass = null)
    {
        _model = model;
        _draws = draws;
        _density = new OdeDensity(model.Process(), model.DataType, tolerance, mostSteps);
        var d = model.Description;
        _shape = [d.Channels, d.Height, d.Width];
        bool onCpu = model.Device.type == DeviceType.CPU;
        int trajectories = onCpu ? TrajectoriesPerPassOnCpu : TrajectoriesPerPassOnGpu;
        _drawsPerPass = Math.Min(trajectories, draws.Count);
        _imagesPerPass = imagesPerPass ?? (onCpu ? 1 : trajectories / _drawsPerPass);
    }

    /// <param name="pixels"><paramref name="count"/> images, channels first, one byte a value.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="results">At least <paramref name="count"/> long.</param>
    /// <exception cref="InvalidOperationException">An image takes too many steps, or the network's output is not finite.</exception>
    public void Score(ReadOnlySpan<byte> pixels, int count, Span<OdeLikelihood> results)
    {
        using var noGradients = no_grad();
        using var once = _model.TakeFirstDerivativesOnly();
        int size = _model.Description.Dimensions;
        for (int done = 0; done < count; done += _imagesPerPass)
        {
            int now = Math.Min(_imagesPerPass, count - done);
            ScoreTogether(pixels.Slice(done * size, now * size), now, results.Slice(done, now));
        }
    }

    private void ScoreTogether(ReadOnlySpan<byte> pixels, int count, Span<OdeLikelihood> results)
    {
        using var scope = NewDisposeScope();
        var (x, x0) = Prepare(pixels, count);
        double[,] density = new double[count, _draws.Count], dequantization = new double[count, _draws.Count];
        var evaluations = new double[count];
        for (int first = 0; first < _draws.Count; first += _drawsPerPass)
        {
            using var pass = NewDisposeScope();
            int draws = Math.Min(_drawsPerPass, _draws.Count - first);
            var (eps, probes) = Draws(pixels, count, first, draws);
            var own = x0.repeat_interleave(draws, 0);
            var (z0, loss) = Dequantize(x.repeat_interleave(draws, 0), own, eps);
            Put(loss, dequantization, first, draws);
            var (logDensity, ofEach) = _density.Of(z0, own.to(float64), DivergenceProbes.Hutchinson(probes));
            Put(-logDensity, density, first, draws);
            for (int i = 0; i < ofEach.Length; i++)
                evaluations[i / draws] += ofEach[i];
        }
        for (int i = 0; i < count; i++)
            results[i] = Summarise(i, density, dequantization, evaluations[i] / _draws.Count);
    }

    /// <summary>x and x_{t=0}.</summary>
    private (Tensor X, Tensor X0) Prepare(ReadOnlySpan<byte> pixels, int count)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var x = _model.Scale(tensor(pixels.ToArray(), [count, .. _shape], dtype: uint8));
        var (x0, _) = _model.Bounds.EndPoints(x, zeros(count, dtype: x.dtype, device: x.device));
        return (x.MoveToOuterDisposeScope(), x0.MoveToOuterDisposeScope());
    }

    /// <summary>z_0 = α_0 x_{t=0} + σ_0 ε, in double precision, and log q(z_0 | x) − log p(x | z_0), [B].</summary>
    private (Tensor Z0, Tensor Loss) Dequantize(Tensor x, Tensor x0, Tensor eps)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var gamma0 = _model.Schedule.GammaAt(0, x.device);
        var level = NoiseLevel.At(gamma0, float64);
        var z0 = level.Alpha * x0.to(float64) + level.Sigma * eps.to(float64);
        var ofPixel = -0.5 * (eps.to(float64).square() + Math.Log(2 * Math.PI)) - level.Sigma.log();
        var loss = ofPixel.sum([1L, 2, 3]) + _model.Bounds.Reconstruction(x, x0, eps).to(float64);
        return (z0.MoveToOuterDisposeScope(), loss.MoveToOuterDisposeScope());
    }

    private (Tensor Eps, Tensor Probes) Draws(ReadOnlySpan<byte> pixels, int count, int first, int draws)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        int size = _model.Description.Dimensions;
        var (eps, probes) = (new Tensor[count], new Tensor[count]);
        for (int i = 0; i < count; i++)
            (eps[i], probes[i]) = _draws.For(pixels.Slice(i * size, size), _shape, first, draws);
        Tensor Joined(Tensor[] parts) => cat(parts).to(_model.DataType, _model.Device).MoveToOuterDisposeScope();
        return (Joined(eps), Joined(probes));
    }

    /// <summary>Means over the draws of one image, and the standard error that their spread gives, from nats per image.</summary>
    private OdeLikelihood Summarise(int image, double[,] density, double[,] dequantization, double evaluations)
    {
        int k = _draws.Count;
        double unit = _model.Description.NatsPerBitPerDimension;
        double Of(double[,] table, int j) => table[image, j] / unit;
        double[] totals = [.. Enumerable.Range(0, k).Select(j => Of(density, j) + Of(dequantization, j))];
        double mean = totals.Average();
        double error = k > 1 ? Math.Sqrt(totals.Sum(t => (t - mean) * (t - mean)) / (k - 1) / k) : double.NaN;
        double Mean(double[,] table) => Enumerable.Range(0, k).Average(j => Of(table, j));
        return new((float)mean, (float)Mean(density), (float)Mean(dequantization), (float)error, (float)evaluations);
    }

    private static void Put(Tensor values, double[,] table, int first, int draws)
    {
        using var onHost = values.cpu();
        double[] all = onHost.data<double>().ToArray();
        for (int i = 0; i < all.Length; i++)
            table[i / draws, first + i % draws] = all[i];
    }
}
