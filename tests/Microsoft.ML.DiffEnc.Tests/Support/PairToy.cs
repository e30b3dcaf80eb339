using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>
/// Images of two pixels, x ~ N(m, S), whose correlation is 0.8, with an encoder y = B x that may look at both pixels: x_t = (α² + σ² B) x. The
/// denoiser that training would find is known, (1 + σ²) x̂ = E[x_t + dx_t/dλ | z], and so is the second pixel given the first.
/// </summary>
internal sealed class PairToy
{
    private const double GammaMin = -8, GammaMax = 6, Variance = 0.0625, Covariance = 0.05;
    private static readonly double[] _mean = [0.1, -0.1];

    private readonly double _own, _other; // B
    private readonly bool _drifts;

    /// <param name="encoder">None: B = 1. NonTrainable: B = 0. Trainable: half of each pixel, and 0.3 of the other.</param>
    public PairToy(EncoderKind encoder)
    {
        _drifts = encoder != EncoderKind.None;
        (_own, _other) = encoder switch { EncoderKind.None => (1, 0), EncoderKind.NonTrainable => (0, 0), _ => (0.5, 0.3) };
        Process = new GenerativeProcess(new FixedLinearSchedule(GammaMin, GammaMax), XHat, _drifts);
    }

    public GenerativeProcess Process { get; }

    /// <summary>The second pixel's mean and variance where the first is known.</summary>
    public static (double Mean, double Variance) Truth(double first)
        => (_mean[1] + Covariance / Variance * (first - _mean[0]), Variance - Covariance * Covariance / Variance);

    public StepEncoding Encoding => (x, gammaT, gammaS) =>
    {
        Tensor Output() => x.matmul(Symmetric(_own, _other));
        return (ImageEncoder.Mix(x, Output(), NoiseLevel.At(gammaT, x.dtype)), ImageEncoder.Change(x, Output(), Output(), gammaT, gammaS));
    };

    /// <summary>
    /// x̂ = K E[x | z]. Every matrix here is a multiple of 1 plus a multiple of the exchange of the two pixels, so all of them have the eigenvectors
    /// (1, 1) and (1, −1), and what is done to a matrix is done to its two eigenvalues.
    /// </summary>
    private Tensor XHat(Tensor z, Tensor gamma)
    {
        double alpha2 = 1 / (1 + Math.Exp(gamma.item<double>())), sigma2 = 1 - alpha2, alpha = Math.Sqrt(alpha2);
        (double Gain, double Shrink, double Encoded) Of(double sign)
        {
            double b = _own + sign * _other, s = Variance + sign * Covariance, g = alpha2 + sigma2 * b;
            double target = _drifts ? (g + sigma2 * alpha2 * (1 - b)) / (1 + sigma2) : 1;
            return (target * alpha * g * s / (alpha2 * g * g * s + sigma2), target, alpha * g);
        }
        var (even, odd) = (Of(1), Of(-1));
        Tensor Matrix(double ofEven, double ofOdd) => Symmetric((ofEven + ofOdd) / 2, (ofEven - ofOdd) / 2);
        var mean = tensor(_mean);
        return mean.matmul(Matrix(even.Shrink, odd.Shrink))
            + (z - mean.matmul(Matrix(even.Encoded, odd.Encoded))).matmul(Matrix(even.Gain, odd.Gain));
    }

    private static Tensor Symmetric(double diagonal, double other) => tensor(new[,] { { diagonal, other }, { other, diagonal } });
}
