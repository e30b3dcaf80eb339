using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// Takes the profiles of images: the parts of the bound, with the diffusion loss time by time in place of its integral. What is unusual in an image
/// shows at some times and not at others, where the integral, dominated by the finest details, may not see it. Not thread-safe: one call at a time.
/// </summary>
internal sealed class ProfileExtractor
{
    private readonly DiffEncModel _model;
    private readonly ProfileDescription _profile;
    private readonly ScoringDraws _draws;
    private readonly long[] _shape;
    private readonly int _drawsPerPass, _imagesTogether;
    private readonly double[] _encodingTimes; // the end points first

    public ProfileExtractor(DiffEncModel model, ProfileDescription profile)
    {
        (_model, _profile) = (model, profile);
        _draws = new ScoringDraws(profile.Draws, profile.Times.Length, profile.Seed);
        var d = model.Description;
        _shape = [d.Channels, d.Height, d.Width];
        _encodingTimes = [0, 1, .. ProfileDescription.EncodingTimes.Where(t => t is > 0 and < 1)];
        _drawsPerPass = Math.Max(1, model.EvaluationsPerPass / profile.Times.Length);
        _imagesTogether = Math.Max(1, model.EvaluationsPerPass / _encodingTimes.Length);
    }

    /// <summary>
    /// Of each image: L0 and L1 in bits per dimension; the diffusion loss at each time, in bits per dimension and unit of time; and the root mean
    /// square of x_t − x at the <see cref="ProfileDescription.EncodingTimes"/>. Images share passes of the network, so that a profile is the same in
    /// any company but for rounding.
    /// </summary>
    /// <param name="pixels"><paramref name="count"/> images, channels first, one byte a value.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="profiles"><see cref="ProfileDescription.Size"/> numbers for each image.</param>
    /// <param name="maps">
    /// Where the diffusion loss is: its mean over times and draws, summed over the channels, in bits for each of the height × width places of each
    /// image; empty: not wanted.
    /// </param>
    public void Extract(ReadOnlySpan<byte> pixels, int count, Span<double> profiles, Span<float> maps = default)
    {
        int size = _model.Description.Dimensions, places = (int)(_shape[1] * _shape[2]), step = DiffEncModel.Evenly(count, _imagesTogether);
        for (int done = 0; done < count; done += step)
        {
            int now = Math.Min(step, count - done);
            ExtractTogether(
                pixels.Slice(done * size, now * size), now, profiles.Slice(done * _profile.Size, now * _profile.Size),
                maps.IsEmpty ? maps : maps.Slice(done * places, now * places));
        }
    }

    private void ExtractTogether(ReadOnlySpan<byte> pixels, int count, Span<double> profiles, Span<float> maps)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var (x, x0, latent, changes) = Prepare(pixels, count);
        var reconstruction = zeros(count, dtype: float64);
        var places = zeros([count, _profile.Times.Length, _shape[1], _shape[2]], dtype: float64);
        int all = count * _draws.Count, step = DiffEncModel.Evenly(all, _drawsPerPass);
        for (int first = 0; first < all; first += step)
        {
            using var section = ComputeSection.Enter(); // one for each pass: what it holds off must not last
            using var pass = NewDisposeScope();
            var (image, eps0, eps) = _draws.ForSeveral(pixels, _shape, first, Math.Min(step, all - first));
            var own = image.to(_model.Device);
            var ofDraws = x.index_select(0, own);
            reconstruction.index_add_(0, image, Reconstruction(ofDraws, x0.index_select(0, own), eps0), 1);
            places.index_add_(0, image, OfPlaces(ofDraws, eps), 1);
        }
        using var last = ComputeSection.Enter();
        double unit = _model.Description.NatsPerBitPerDimension;
        var losses = places.sum([2L, 3]) / _draws.Count;
        var columns = cat([reconstruction.unsqueeze(1) / _draws.Count, latent.unsqueeze(1), losses], 1) / unit;
        cat([columns, changes], 1).contiguous().data<double>().CopyTo(profiles);
        if (!maps.IsEmpty)
            (places.mean([1L]) / _draws.Count / Math.Log(2)).to(float32).contiguous().data<float>().CopyTo(maps);
    }

    /// <summary>What all draws have in common: x, x_{t=0}, the latent loss in nats, [B], and the root mean squares of x_t − x, [B, n].</summary>
    private (Tensor X, Tensor X0, Tensor Latent, Tensor Changes) Prepare(ReadOnlySpan<byte> pixels, int count)
    {
        using var section = ComputeSection.Enter();
        using var scope = NewDisposeScope();
        var x = _model.Scale(tensor(pixels.ToArray(), [count, .. _shape], dtype: uint8));
        var gamma = cat([.. _encodingTimes.Select(t => _model.Schedule.GammaAt(t, _model.Device).expand(count))]);
        long times = _encodingTimes.Length;
        var encoded = _model.Encoded(x.repeat(times, 1, 1, 1), gamma, zeros(count * times, dtype: x.dtype, device: x.device)).chunk(times);
        var changes = ProfileDescription.EncodingTimes.Select(t =>
            (encoded[Array.IndexOf(_encodingTimes, t)] - x).to(float64).square().mean([1L, 2, 3]).sqrt());
        return (x.MoveToOuterDisposeScope(), encoded[0].MoveToOuterDisposeScope(),
            _model.Bounds.Latent(encoded[1]).to(float64).cpu().MoveToOuterDisposeScope(), stack(changes, 1).cpu().MoveToOuterDisposeScope());
    }

    /// <summary>L0 on each draw, [k], in nats.</summary>
    private Tensor Reconstruction(Tensor x, Tensor x0, Tensor eps0)
        => _model.Bounds.Reconstruction(x, x0, eps0.to(_model.Device).to(_model.DataType)).to(float64).cpu();

    /// <summary>The diffusion loss of each draw, time and place, in nats, [k, M, H, W].</summary>
    private Tensor OfPlaces(Tensor x, Tensor eps)
    {
        long times = _profile.Times.LongLength, evaluations = x.size(0) * times;
        var t = tensor(_profile.Times, dtype: float64, device: _model.Device).repeat(x.size(0)); // [k·M]
        var images = x.repeat_interleave(times, 0);
        var noise = eps.to(_model.Device).to(_model.DataType);
        return _model.InPasses(evaluations, s => _model.Bounds.DiffusionOfValues(
                s.View(images), s.View(t), s.View(noise), zeros(s.Count, dtype: x.dtype, device: x.device)).to(float64).sum([1L]))
            .reshape(-1, times, _shape[1], _shape[2]).cpu();
    }
}
