using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>
/// Takes the profiles of images: the parts of the bound, with the diffusion loss time by time in place of its integral. What is unusual in an image
/// shows at some times and
/// not at others, where the integral, dominated by the finest details, may not see it. Not thread-safe: one call at a time.
/// </summary>
internal sealed class ProfileExtractor
{
    private readonly DiffEncModel _model;
    private readonly ProfileDescription _profile;
    private readonly ScoringDraws _draws;
    private readonly long[] _shape;
    private readonly int _drawsPerPass;

    public ProfileExtractor(DiffEncModel model, ProfileDescription profile)
    {
        (_model, _profile) = (model, profile);
        _draws = new ScoringDraws(profile.Draws, profile.Times.Length, profile.Seed);
        var d = model.Description;
        _shape = [d.Channels, d.Height, d.Width];
        _drawsPerPass = Math.Clamp(model.EvaluationsPerPass / profile.Times.Length, 1, profile.Draws);
    }

    /// <summary>
    /// One image at a time, so that a profile is the same in any company: L0 and L1 in bits per dimension; the diffusion loss at each time, in bits
    /// per dimension and
    /// unit of time; and the root mean square of x_t − x at the <see cref="ProfileDescription.EncodingTimes"/>.
    /// </summary>
    /// <param name="pixels">The image, channels first, one byte a value.</param>
    /// <param name="profile"><see cref="ProfileDescription.Size"/> numbers.</param>
    /// <param name="map">
    /// Where the diffusion loss is: its mean over times and draws, summed over the channels, in bits for each of the height × width places; empty:
    /// not wanted.
    /// </param>
    public void Extract(ReadOnlySpan<byte> pixels, Span<double> profile, Span<float> map = default)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        int times = _profile.Times.Length;
        var x = Scaled(pixels);
        var conditioning = zeros(1, dtype: x.dtype, device: x.device);
        var (x0, x1) = EndPoints(x, conditioning);
        double unit = _model.Description.NatsPerBitPerDimension;
        var perPixel = zeros([times, _shape[1], _shape[2]], dtype: float64);
        double reconstruction = 0;
        for (int first = 0; first < _draws.Count; first += _drawsPerPass)
        {
            using var section = ComputeSection.Enter(); // one for each pass: what it holds off must not last
            using var pass = NewDisposeScope();
            int draws = Math.Min(_drawsPerPass, _draws.Count - first);
            var (_, eps0, eps) = _draws.For(pixels, _shape, first, draws);
            reconstruction += Reconstruction(x, x0, eps0, draws).sum().item<double>();
            perPixel.add_(OfPlaces(x, conditioning, eps, draws));
        }
        using var last = ComputeSection.Enter();
        perPixel.div_(_draws.Count);
        profile[0] = reconstruction / _draws.Count / unit;
        profile[1] = _model.Bounds.Latent(x1).item<float>() / unit;
        (perPixel.sum([1L, 2]) / unit).data<double>().CopyTo(profile[2..]);
        Encodings(x, conditioning).data<double>().CopyTo(profile[(2 + times)..]);
        if (!map.IsEmpty)
            (perPixel.mean([0L]) / Math.Log(2)).to(float32).contiguous().data<float>().CopyTo(map);
    }

    private Tensor Scaled(ReadOnlySpan<byte> pixels)
    {
        using var section = ComputeSection.Enter();
        return _model.Scale(tensor(pixels.ToArray(), [1, .. _shape], dtype: uint8));
    }

    private (Tensor X0, Tensor X1) EndPoints(Tensor x, Tensor conditioning)
    {
        using var section = ComputeSection.Enter();
        return _model.Bounds.EndPoints(x, conditioning);
    }

    /// <summary>L0 on each draw, [K], in nats.</summary>
    private Tensor Reconstruction(Tensor x, Tensor x0, Tensor eps0, int draws)
    {
        var noise = eps0.to(_model.Device).to(_model.DataType);
        return _model.Bounds.Reconstruction(x.expand(draws, -1, -1, -1), x0.expand(draws, -1, -1, -1), noise).to(float64);
    }

    /// <summary>The diffusion loss of each time and place, summed over the draws, in nats, [M, H, W].</summary>
    private Tensor OfPlaces(Tensor x, Tensor conditioning, Tensor eps, int draws)
    {
        long evaluations = draws * _profile.Times.LongLength;
        var times = tensor(_profile.Times, dtype: float64, device: _model.Device).repeat(draws); // [K·M]
        var loss = _model.Bounds.DiffusionOfValues(
            x.repeat(evaluations, 1, 1, 1), times, eps.to(_model.Device).to(_model.DataType), conditioning.expand(evaluations));
        return loss.to(float64).sum([1L]).reshape(draws, -1, _shape[1], _shape[2]).sum([0L]).cpu();
    }

    /// <summary>The root mean square of x_t − x.</summary>
    private Tensor Encodings(Tensor x, Tensor conditioning)
    {
        long count = ProfileDescription.EncodingTimes.Length;
        var gamma = _model.Schedule.At(tensor(ProfileDescription.EncodingTimes, dtype: float64, device: _model.Device)).Gamma;
        var change = _model.Encoded(x.expand(count, -1, -1, -1), gamma, conditioning.expand(count)) - x;
        return change.to(float64).square().mean([1L, 2, 3]).sqrt().cpu();
    }
}
