using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Scores images given as bytes. Not thread-safe: one call at a time.</summary>
internal sealed class LikelihoodScorer
{
    // On the CPU one image fills the cores, and passes of one shape give the same bits in any company. A GPU wants full batches.
    private const int EvaluationsPerPassOnGpu = 512;

    private readonly DiffEncModel _model;
    private readonly ScoringDraws _draws;
    private readonly long[] _shape;
    private readonly int _imagesPerPass;

    /// <param name="model">The model.</param>
    /// <param name="draws">The draws of an image.</param>
    /// <param name="imagesPerPass">Images that go through the network at once; <see langword="null"/>: one on the CPU, a full batch on a GPU.</param>
    public LikelihoodScorer(DiffEncModel model, ScoringDraws draws, int? imagesPerPass = null)
    {
        _model = model;
        _draws = draws;
        var d = model.Description;
        _shape = [d.Channels, d.Height, d.Width];
        _imagesPerPass = imagesPerPass ?? (model.Device.type == TorchSharp.DeviceType.CPU ? 1 : Math.Max(1, EvaluationsPerPassOnGpu / draws.Evaluations));
    }

    /// <param name="pixels"><paramref name="count"/> images, channels first, one byte a value.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="results">At least <paramref name="count"/> long.</param>
    public void Score(ReadOnlySpan<byte> pixels, int count, Span<Likelihood> results)
    {
        using var noGradients = no_grad();
        int size = _model.Description.Dimensions;
        for (int done = 0; done < count; done += _imagesPerPass)
        {
            int now = Math.Min(_imagesPerPass, count - done);
            ScorePass(pixels.Slice(done * size, now * size), now, results.Slice(done, now));
        }
    }

    private void ScorePass(ReadOnlySpan<byte> pixels, int count, Span<Likelihood> results)
    {
        using var scope = NewDisposeScope();
        int size = _model.Description.Dimensions, k = _draws.Count;
        var (times, eps0, eps) = Draws(pixels, count, size);
        using var raw = tensor(pixels.ToArray(), [count, .. _shape], dtype: uint8);
        var x = _model.Scale(raw);
        Tensor Repeated(Tensor t, long n) => t.repeat_interleave(n, 0);

        var conditioning = zeros(count, dtype: x.dtype, device: x.device);
        var bounds = _model.Bounds;
        var (x0, x1) = bounds.EndPoints(x, conditioning);
        var reconstruction = bounds.Reconstruction(Repeated(x, k), Repeated(x0, k), eps0);
        var latent = bounds.Latent(x1);
        var diffusion = bounds.Diffusion(Repeated(x, _draws.Evaluations), times, eps, Repeated(conditioning, _draws.Evaluations));
        Summarise(
            Values(reconstruction.reshape(count, k)),
            Values(latent),
            Values(diffusion.reshape(count, k, _draws.TimesPerDraw).mean([2L])),
            results);
    }

    private (Tensor Times, Tensor Eps0, Tensor Eps) Draws(ReadOnlySpan<byte> pixels, int count, int size)
    {
        var (times, eps0, eps) = (new Tensor[count], new Tensor[count], new Tensor[count]);
        for (int i = 0; i < count; i++)
            (times[i], eps0[i], eps[i]) = _draws.For(pixels.Slice(i * size, size), _shape);
        Tensor Joined(Tensor[] parts) => (count == 1 ? parts[0] : cat(parts)).to(_model.Device);
        return (Joined(times), Joined(eps0).to(_model.DataType), Joined(eps).to(_model.DataType));
    }

    /// <summary>Means over the draws, and the standard error that their spread gives, from nats per image.</summary>
    private void Summarise(double[] reconstruction, double[] latent, double[] diffusion, Span<Likelihood> results)
    {
        int k = _draws.Count;
        double unit = _model.Description.NatsPerBitPerDimension;
        for (int i = 0; i < results.Length; i++)
        {
            var r = reconstruction.AsSpan(i * k, k);
            var d = diffusion.AsSpan(i * k, k);
            double sum = 0, meanR = 0, meanD = 0;
            for (int j = 0; j < k; j++)
                (meanR, meanD) = (meanR + r[j] / k, meanD + d[j] / k);
            for (int j = 0; j < k; j++)
                sum += Math.Pow(r[j] + d[j] - meanR - meanD, 2);
            double error = k > 1 ? Math.Sqrt(sum / (k - 1) / k) : double.NaN;
            results[i] = new(
                (float)((meanR + latent[i] + meanD) / unit), (float)(meanR / unit), (float)(latent[i] / unit), (float)(meanD / unit), (float)(error / unit));
        }
    }

    private static double[] Values(Tensor t) => t.to(float64).cpu().data<double>().ToArray();
}
