using Microsoft.ML.DiffEnc.Catalog;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.DiffEnc.Transformers.Ode;
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

    /// <summary>
    /// Scores how likely images are by the probability-flow ODE of a trained model: an estimate independent of the bound, at hundreds to
    /// thousands of evaluations of the network, and as many backward passes, for each draw. See <see cref="OdeLikelihoodTransformer"/> for the columns.
    /// </summary>
    /// <param name="model">The model. The transformers share it; disposing of one leaves it to the others.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of its range; or the ODE only approximates the model, which has a trained encoder and no second head, and the options do not
    /// allow that.
    /// </exception>
    public IEstimator<OdeLikelihoodTransformer> OdeLikelihood(DiffEncTransformer model, OdeLikelihoodOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new OdeLikelihoodEstimator(_env, model, options ?? new OdeLikelihoodOptions());
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
}
