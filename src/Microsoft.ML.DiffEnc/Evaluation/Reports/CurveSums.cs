using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Evaluation.Reports;

/// <summary>Running sums of the diffusion loss by time, out of the same evaluations as the bound.</summary>
/// <remarks>
/// In a stratum image i has A_i = Σ ℓ(t)/p(t) and W_i = Σ 1/p(t) over its times there, and the loss is Σ A_i / Σ W_i: a ratio, so that it does
/// not vary with the number of times that fall into the stratum. Its variance, with the images as units and to first order, is
/// n/(n − 1) · Σ (A_i − loss·W_i)² / (Σ W_i)².
/// </remarks>
internal sealed class CurveSums(int strata)
{
    private readonly Sums[] _strata = new Sums[strata];
    private readonly double[] _a = new double[strata], _w = new double[strata];
    private readonly int[] _evaluations = new int[strata];
    private long _images;

    public void Add(ImageDraws image)
    {
        _images++;
        Array.Clear(_a);
        Array.Clear(_w);
        Array.Clear(_evaluations);
        for (int i = 0; i < image.Diffusion.Length; i++)
        {
            int stratum = Math.Min(strata - 1, (int)(image.Times[i] * strata));
            _a[stratum] += image.Diffusion[i];
            _w[stratum] += image.Weights[i];
            _evaluations[stratum]++;
        }
        for (int s = 0; s < strata; s++)
        {
            if (_evaluations[s] > 0)
                _strata[s].Add(_a[s], _w[s], _evaluations[s]);
        }
    }

    /// <param name="gammas">γ at the ends of the strata, one more than there are strata.</param>
    /// <param name="unit">Nats in the unit of the result.</param>
    public LossStratum[] Estimate(IReadOnlyList<double> gammas, double unit)
    {
        var curve = new LossStratum[strata];
        for (int s = 0; s < strata; s++)
        {
            var (mean, error) = _strata[s].Ratio(_images);
            curve[s] = new LossStratum(
                (double)s / strata, (s + 1.0) / strata, gammas[s], gammas[s + 1], mean / unit, error / unit, _strata[s].Evaluations);
        }
        return curve;
    }

    private struct Sums
    {
        private long _images;
        private double _a, _w, _aa, _aw, _ww;

        public long Evaluations { get; private set; }

        public void Add(double a, double w, int evaluations)
        {
            _images++;
            Evaluations += evaluations;
            _a += a;
            _w += w;
            _aa += a * a;
            _aw += a * w;
            _ww += w * w;
        }

        public readonly (double Mean, double StandardError) Ratio(long images)
        {
            if (_images == 0)
                return (double.NaN, double.NaN);
            double mean = _a / _w, squares = Math.Max(0, _aa - 2 * mean * _aw + mean * mean * _ww);
            return (mean, _images > 1 ? Math.Sqrt(squares * images / (images - 1)) / _w : double.NaN);
        }
    }
}
