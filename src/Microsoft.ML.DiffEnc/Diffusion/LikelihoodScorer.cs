using Microsoft.ML.DiffEnc.Interop;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Scores images given as bytes. Not thread-safe: one call at a time.</summary>
internal sealed class LikelihoodScorer
{
    private readonly DiffEncModel _model;
    private readonly DiffusionEstimate _diffusion;
    private readonly ScoringDraws _draws;
    private readonly long[] _shape;
    private readonly int _setsPerPass;

    /// <param name="model">The model.</param>
    /// <param name="draws">The draws of an image.</param>
    /// <param name="imagesPerPass">
    /// Images that go through the network at once; <see langword="null"/>: one on the CPU where its own draws make full use of the hardware (passes
    /// of one shape give the same bits in any company), otherwise as many as fill a pass.
    /// </param>
    /// <param name="diffusion">How the diffusion loss is estimated; <see langword="null"/>: in continuous time.</param>
    public LikelihoodScorer(DiffEncModel model, ScoringDraws draws, int? imagesPerPass = null, DiffusionEstimate? diffusion = null)
    {
        _model = model;
        _diffusion = diffusion ?? model.DiffusionLoss(grid: null);
        _draws = draws;
        var d = model.Description;
        _shape = [d.Channels, d.Height, d.Width];
        _setsPerPass = SetsPerPass(model, draws);
        bool alone = model.Device.type == DeviceType.CPU && _setsPerPass * draws.TimesPerDraw >= model.EvaluationsOfFullPass;
        ImagesPerPass = imagesPerPass ?? (alone ? 1 : ImagesThatFillAPass(model, draws));
    }

    // The two end points of the encoder: all that is evaluated where the diffusion loss is not asked for.
    private int ImagesPerPassWithoutDiffusion => Math.Max(ImagesPerPass, _model.EvaluationsPerPass / 2);

    /// <summary>Images that go through the network at once.</summary>
    public int ImagesPerPass { get; }

    /// <summary>How many images make full use of the hardware when they go through the network at once; at least 1.</summary>
    public static int ImagesThatFillAPass(DiffEncModel model, ScoringDraws draws)
        => Math.Max(1, model.EvaluationsPerPass / (SetsPerPass(model, draws) * draws.TimesPerDraw));

    private static int SetsPerPass(DiffEncModel model, ScoringDraws draws)
        => DiffEncModel.Evenly(draws.Count, Math.Max(1, model.EvaluationsPerPass / draws.TimesPerDraw));

    /// <param name="pixels"><paramref name="count"/> images, channels first, one byte a value.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="results">At least <paramref name="count"/> long.</param>
    /// <param name="withDiffusion">Whether the diffusion loss is wanted, nearly all of the work; without it, it and what includes it are NaN.</param>
    /// <param name="classes">The class that each image is conditioned on, 0 for none; empty: none is. The draws do not depend on it.</param>
    public void Score(
        ReadOnlySpan<byte> pixels, int count, Span<Likelihood> results, bool withDiffusion = true, ReadOnlySpan<int> classes = default)
    {
        int size = _model.Description.Dimensions;
        int step = DiffEncModel.Evenly(count, withDiffusion ? ImagesPerPass : ImagesPerPassWithoutDiffusion);
        for (int done = 0; done < count; done += step)
        {
            int now = Math.Min(step, count - done);
            var ofThese = classes.IsEmpty ? classes : classes.Slice(done, now);
            var draws = Draw(pixels.Slice(done * size, now * size), ofThese, now, withDiffusion, withTimes: false);
            for (int i = 0; i < now; i++)
                results[done + i] = draws[i].Summarise(_model.Description.NatsPerBitPerDimension);
        }
    }

    /// <summary>Everything that <see cref="Score"/> averages.</summary>
    /// <param name="pixels"><paramref name="count"/> images, channels first, one byte a value.</param>
    /// <param name="count">At most <see cref="ImagesPerPass"/>.</param>
    /// <param name="classes">As for <see cref="Score"/>.</param>
    /// <param name="withTimes">Whether the times of the losses are wanted too.</param>
    public ImageDraws[] Draw(ReadOnlySpan<byte> pixels, int count, ReadOnlySpan<int> classes = default, bool withTimes = true)
        => Draw(pixels, classes, count, withDiffusion: true, withTimes);

    private ImageDraws[] Draw(ReadOnlySpan<byte> pixels, ReadOnlySpan<int> classes, int count, bool withDiffusion, bool withTimes)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var (x, x0, conditioning, latent) = Prepare(pixels, classes, count);
        ImageDraws[] images = Array.ConvertAll(latent, l => new ImageDraws(l, _draws, withDiffusion, withTimes));
        for (int first = 0; first < _draws.Count; first += _setsPerPass)
        {
            using var section = ComputeSection.Enter(); // one for each pass: what it holds off must not last
            using var pass = NewDisposeScope();
            int sets = Math.Min(_setsPerPass, _draws.Count - first), evaluations = sets * _draws.TimesPerDraw;
            var (uniform, eps0, eps) = Draws(pixels, count, first, sets);
            Put(_model.Bounds.Reconstruction(Repeated(x, sets), Repeated(x0, sets), eps0), i => images[i].Reconstruction, first, sets);
            if (!withDiffusion)
                continue;
            int start = first * _draws.TimesPerDraw;
            var losses = Diffusion(x, uniform, eps, conditioning, evaluations);
            Put(losses, i => images[i].Diffusion, start, evaluations);
            if (!withTimes)
                continue;
            var (times, slope) = _diffusion.TimesOf(uniform);
            Put(times, i => images[i].Times, start, evaluations);
            Put(slope, i => images[i].Weights, start, evaluations);
        }
        return images;
    }

    /// <summary>The diffusion losses of all images, each with its <paramref name="evaluations"/> numbers and noises, image by image.</summary>
    private Tensor Diffusion(Tensor x, Tensor uniform, Tensor eps, Tensor conditioning, int evaluations)
    {
        var (images, classes) = (Repeated(x, evaluations), Repeated(conditioning, evaluations));
        return _model.InPasses(images.size(0), s => _diffusion.Of(s.View(images), s.View(uniform), s.View(eps), s.View(classes)));
    }

    /// <summary>What all draws have in common: x, x_{t=0}, the conditioning and the latent loss.</summary>
    private (Tensor X, Tensor X0, Tensor Conditioning, double[] Latent) Prepare(ReadOnlySpan<byte> pixels, ReadOnlySpan<int> classes, int count)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var x = _model.Scale(tensor(pixels.ToArray(), [count, .. _shape], dtype: uint8));
        var conditioning = classes.IsEmpty
            ? zeros(count, dtype: x.dtype, device: x.device)
            : tensor(classes.ToArray(), dtype: x.dtype, device: x.device);
        var (x0, x1) = _model.Bounds.EndPoints(x, conditioning);
        double[] latent = Values(_model.Bounds.Latent(x1));
        return (x.MoveToOuterDisposeScope(), x0.MoveToOuterDisposeScope(), conditioning.MoveToOuterDisposeScope(), latent);
    }

    private (Tensor Uniform, Tensor Eps0, Tensor Eps) Draws(ReadOnlySpan<byte> pixels, int count, int first, int sets)
    {
        int size = _model.Description.Dimensions;
        var (uniform, eps0, eps) = (new Tensor[count], new Tensor[count], new Tensor[count]);
        for (int i = 0; i < count; i++)
            (uniform[i], eps0[i], eps[i]) = _draws.For(pixels.Slice(i * size, size), _shape, first, sets);
        Tensor Joined(Tensor[] parts) => (count == 1 ? parts[0] : cat(parts)).to(_model.Device);
        return (Joined(uniform), Joined(eps0).to(_model.DataType), Joined(eps).to(_model.DataType));
    }

    private static Tensor Repeated(Tensor t, long n) => t.repeat_interleave(n, 0);

    /// <summary>Copies each image's values, which lie together, to a place in an array of its own.</summary>
    private static void Put(Tensor values, Func<int, double[]> target, int start, int perImage)
    {
        double[] all = Values(values);
        for (int i = 0; i * perImage < all.Length; i++)
            all.AsSpan(i * perImage, perImage).CopyTo(target(i).AsSpan(start));
    }

    private static double[] Values(Tensor t) => t.to(float64).cpu().data<double>().ToArray();
}
