using Microsoft.ML.DiffEnc.Trainers;

namespace Microsoft.ML.DiffEnc;

/// <summary>In which steps, and with which variances, a trained model is evaluated at finite depth (DiffEnc, section 3 and appendix).</summary>
public sealed class FiniteDepthOptions
{
    /// <summary>T, the number of steps, 1..100000. Default 100.</summary>
    public int Depth = 100;

    /// <summary>
    /// How the times are chosen. Default <see cref="TimeGridKind.Uniform"/>. <see cref="TimeGridKind.Optimized"/> makes the bound of the same network
    /// smaller, most of all with few steps.
    /// </summary>
    public TimeGridKind Grid;

    /// <summary>
    /// The steps themselves, from elsewhere: nothing is estimated, and <see cref="Depth"/> is theirs. <see cref="Grid"/> and <see cref="Variance"/>
    /// stay at their defaults then. Default: none.
    /// </summary>
    public TimeGrid? Steps;

    /// <summary>
    /// σ_P², the variance of the generative process's steps. Default <see cref="StepVariance.Posterior"/>. <see cref="StepVariance.Optimal"/> is best
    /// on the images that it is estimated from; on others the bound is as valid, and may be larger.
    /// </summary>
    public StepVariance Variance;

    /// <summary>w = σ_Q²/σ_P² of every step, above 0, with <see cref="StepVariance.Fixed"/> and only then. Default: none.</summary>
    public double? VarianceWeight;

    /// <summary>
    /// The most images that variances and times are estimated from, at least 1; chosen at random where there are more. Each takes an evaluation of
    /// the network for every step or, with an optimized grid, for every candidate time. Default 200.
    /// </summary>
    public int CalibrationImages = 200;

    /// <summary>How often an image is evaluated at each of them, with new noise, at least 1. Default 1.</summary>
    public int CalibrationDraws = 1;

    /// <summary>
    /// N: the times of an optimized grid are multiples of 1/N. At least <see cref="Depth"/>, at most 4000. Default: the larger of 256 and four times
    /// the depth, but not more than 4000.
    /// </summary>
    public int? CandidateTimes;

    /// <summary>
    /// K, independent sets of draws on which an image is scored, 1..10000. Default: the model's or, where T is at most the model's number of
    /// evaluations for each image, about as many sets of T times, at least 2: then every set visits every step once, and L_T has no error from the
    /// choice of steps.
    /// </summary>
    public int? ScoringDraws;

    /// <summary>
    /// Low-discrepancy numbers in each of these sets, 1..256, each of which becomes a step. Default: see <see cref="ScoringDraws"/>.
    /// </summary>
    public int? ScoringTimesPerDraw;

    /// <summary>Seed of the calibration's images and noise. Default: the model's scoring seed.</summary>
    public int? Seed;

    /// <summary>Told after each calibration image. Default: nobody.</summary>
    public IProgress<CalibrationProgress>? Progress;

    /// <summary>Stops the calibration between two images.</summary>
    public CancellationToken CancellationToken;

    internal FiniteDepthOptions Copy() => (FiniteDepthOptions)MemberwiseClone();

    /// <summary>N.</summary>
    internal int Candidates => CandidateTimes ?? Math.Min(FiniteDepthCheck.MostCandidates, Math.Max(256, 4 * Depth));

    /// <summary>w of every step; <see langword="null"/>: each step's optimal one.</summary>
    internal double? Weight => Variance == StepVariance.Optimal ? null : VarianceWeight ?? 1;
}
