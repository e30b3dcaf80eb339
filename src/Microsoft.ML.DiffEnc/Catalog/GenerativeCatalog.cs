using Microsoft.ML.DiffEnc.Catalog;
using Microsoft.ML.DiffEnc.Evaluation;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Microsoft.ML.DiffEnc.Transformers.Representations;
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

    /// <summary>Represents images by what a trained model makes of them, for a classifier trained on few labels or a search for neighbours.</summary>
    /// <param name="model">The model. The transformers share it; disposing of one leaves it to the others.</param>
    /// <param name="options">Which representation; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or asks for what the model does not have; the message names it.</exception>
    public IEstimator<RepresentationTransformer> Representations(DiffEncTransformer model, RepresentationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new RepresentationEstimator(_env, model, options);
    }

    /// <summary>Tells anomalies from normal images. Its <c>Fit</c> takes normal images that the model was not trained on, and calibrates the threshold on them.</summary>
    /// <param name="model">The model, trained on normal images. The transformers share it; disposing of one leaves it to the others.</param>
    /// <param name="options">By what score, and how strictly; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public IEstimator<AnomalyTransformer> DetectAnomalies(DiffEncTransformer model, AnomalyOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new AnomalyEstimator(_env, model, options);
    }

    /// <summary>Compares the scores of an <see cref="AnomalyTransformer"/>, or any other's, with what is known of the images.</summary>
    /// <param name="scored">The scored images, with their labels.</param>
    /// <param name="labelColumnName">The column that says which are anomalies: <see cref="bool"/>, or <see cref="float"/> 0 and 1.</param>
    /// <param name="scoreColumnName">The column of scores, <see cref="float"/>, which rise as images get less normal.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a wrong type.</exception>
    /// <exception cref="InvalidOperationException">There are no anomalies, or no normal images; or a score is NaN.</exception>
    public AnomalyMetrics EvaluateAnomalies(IDataView scored, string labelColumnName = "Label", string scoreColumnName = "Score")
    {
        ArgumentNullException.ThrowIfNull(scored);
        ArgumentException.ThrowIfNullOrWhiteSpace(labelColumnName);
        ArgumentException.ThrowIfNullOrWhiteSpace(scoreColumnName);
        return AnomalyEvaluation.Evaluate(_env, scored, labelColumnName, scoreColumnName);
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

    /// <summary>Compares images that a model generated with real ones.</summary>
    /// <param name="model">The model, which says in which column the images of both data are, and of which size.</param>
    /// <param name="samples">Generated images, at least 2.</param>
    /// <param name="reference">Real images that the model was not trained on, at least 2. As many as there are samples, or more, serve best.</param>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type or size.</exception>
    /// <exception cref="InvalidOperationException">There are too few images, or more than 10,000; or one is missing or of another size.</exception>
    public SampleMetrics EvaluateSamples(DiffEncTransformer model, IDataView samples, IDataView reference)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(reference);
        return SampleEvaluation.Evaluate(_env, model.ImageColumn, samples, reference);
    }
}
