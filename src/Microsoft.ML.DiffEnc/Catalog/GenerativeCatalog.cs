using Microsoft.ML.DiffEnc.Catalog;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using Microsoft.ML.DiffEnc.Reports;
using Microsoft.ML.DiffEnc.Trainers;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc;

/// <summary>What ML.NET can do with generative models. Get it by <see cref="GenerativeExtensions.Generative"/>.</summary>
public sealed class GenerativeCatalog
{
    private readonly IHostEnvironment _env;

    internal GenerativeCatalog(IHostEnvironment env) => _env = env;

    /// <summary>Trains DiffEnc on images, with the settings of <see cref="DiffEncPreset.Small"/>.</summary>
    /// <param name="inputColumnName">
    /// The column of images: <c>MLImage</c>, or a fixed-size vector of <see cref="float"/> or <see cref="byte"/> values 0..255.
    /// </param>
    /// <param name="width">Their width in pixels.</param>
    /// <param name="height">Their height in pixels.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <exception cref="ArgumentException">A size is out of its range.</exception>
    public DiffEncTrainer DiffEnc(string inputColumnName, int width, int height, int channels)
        => DiffEnc(new DiffEncTrainer.Options { InputColumnName = inputColumnName, Width = width, Height = height, Channels = channels });

    /// <summary>Trains DiffEnc on images.</summary>
    /// <param name="options">What is trained, and how.</param>
    /// <exception cref="ArgumentException">An option is missing or out of its range; the message names it.</exception>
    public DiffEncTrainer DiffEnc(DiffEncTrainer.Options options) => new(_env, options);

    /// <summary>
    /// A trained model evaluated in T steps instead of in continuous time, with the times and the variances of the steps that the options ask for.
    /// The network stays as it is and is shared: what <c>Fit</c> returns keeps it alive, has to be disposed of, and is saved and loaded like any
    /// <see cref="DiffEncTransformer"/>.
    /// </summary>
    /// <param name="model">The trained model.</param>
    /// <param name="options">What is estimated from the data that <c>Fit</c> is given; <see langword="null"/>: nothing, 100 uniform steps.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public IEstimator<DiffEncTransformer> FiniteDepth(DiffEncTransformer model, FiniteDepthOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new FiniteDepthEstimator(_env, model, options ?? new FiniteDepthOptions());
    }

    /// <summary>A model from a checkpoint that the paper's authors published, or that their training code wrote.</summary>
    /// <param name="checkpointPath">The checkpoint: Flax msgpack, as it is or compressed with gzip. The averaged (EMA) weights are taken.</param>
    /// <param name="configPath">The JSON configuration of its model.</param>
    /// <param name="inputColumnName">The column of images that the transformer will score.</param>
    /// <param name="width">The images' width in pixels.</param>
    /// <param name="height">The images' height in pixels. The number of channels stands in the checkpoint.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or weights are missing, superfluous or of another shape; they are named.</exception>
    /// <exception cref="NotSupportedException">The configuration asks for something that this version does not have; it is named.</exception>
    public DiffEncTransformer LoadReferenceCheckpoint(string checkpointPath, string configPath, string inputColumnName, int width, int height)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(checkpointPath);
        ArgumentException.ThrowIfNullOrWhiteSpace(configPath);
        ArgumentException.ThrowIfNullOrWhiteSpace(inputColumnName);
        var model = HostSettings.PlaceModel(_env, () => ReferenceCheckpoint.Load(checkpointPath, configPath, width, height));
        return new DiffEncTransformer(_env, model, ScoringSettings.Default(inputColumnName, HostSettings.Seed(_env) ?? 0));
    }

    /// <summary>Averages the likelihoods of scored images.</summary>
    /// <param name="scored">What a <see cref="DiffEncTransformer"/> made of some images: its columns must be there under their own names.</param>
    /// <exception cref="ArgumentOutOfRangeException">A likelihood column is missing or is not a <see cref="float"/>.</exception>
    /// <exception cref="InvalidOperationException">There are no rows.</exception>
    public GenerativeMetrics Evaluate(IDataView scored)
    {
        ArgumentNullException.ThrowIfNull(scored);
        return LikelihoodEvaluation.Evaluate(_env, scored);
    }

    /// <summary>Scores images and sums up, with every error stated: see <see cref="LikelihoodReport"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">Images in the model's column. They are read once, a few at a time; all of them are counted.</param>
    /// <param name="options">How; null for the draws with which the model scores its columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An option is out of its range, or the data have no column with such images as the model was trained on.
    /// </exception>
    /// <exception cref="InvalidOperationException">There are no images; or one is missing or holds values that are no pixels.</exception>
    /// <exception cref="ObjectDisposedException">The model's transformer is disposed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled by the token in the options.</exception>
    public LikelihoodReport Report(DiffEncTransformer model, IDataView data, LikelihoodReportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        return new Reporter(_env, model, options ?? new LikelihoodReportOptions()).Run(data);
    }

    /// <summary>
    /// Makes a model's likelihoods more precise for the same work: the fit finds at which times the diffusion loss varies most, and what it gives
    /// scores the same bound, unbiased, looking there more often.
    /// </summary>
    /// <remarks>
    /// The loss at t is weighted by 1/p(t). A single time drawn from p ∝ √E[ℓ(t)²] gives the mean over images the least variance; with M evenly
    /// spread times in a set, the noise counts in full and the course of the mean over t only by 1/M: p ∝ √(E[Var ℓ(t)] + E[(mean of ℓ(t))²]/M).
    /// Both are measured on the images that the estimator is fitted to. The fitted transformer shares the model, and the density is saved with it;
    /// dispose of each transformer when it is no longer used: the weights are freed with the last.
    /// </remarks>
    /// <param name="model">The model, in continuous time.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it. Or the model is scored at finite depth.</exception>
    public IEstimator<DiffEncTransformer> ImportanceSampling(DiffEncTransformer model, ImportanceSamplingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new ImportanceSamplingEstimator(_env, model, options ?? new ImportanceSamplingOptions());
    }
}
