using Microsoft.ML.DiffEnc.Evaluation;
using Microsoft.ML.DiffEnc.Evaluation.Reports;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Persistence;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using Microsoft.ML.DiffEnc.Trainers;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Microsoft.ML.DiffEnc.Transformers.Generation;
using Microsoft.ML.DiffEnc.Transformers.Ode;
using Microsoft.ML.DiffEnc.Transformers.Repair;
using Microsoft.ML.DiffEnc.Transformers.Representations;

namespace Microsoft.ML.DiffEnc;

/// <summary>What ML.NET can do with generative models. Get it by <see cref="GenerativeExtensions.Generative"/>.</summary>
public sealed class GenerativeCatalog
{
    private readonly MLContext _env;

    internal GenerativeCatalog(MLContext mlContext) => _env = mlContext;

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
    /// <exception cref="IOException">The configuration of a reference checkpoint cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or lacks a setting.</exception>
    /// <exception cref="NotSupportedException">It describes a model that there is not here; the message names the setting.</exception>
    public DiffEncTrainer DiffEnc(DiffEncTrainer.Options options) => new(_env, options);

    /// <summary>
    /// A trained model evaluated in T steps instead of in continuous time, with the times and the variances of the steps that the options ask for.
    /// The network stays as it is and is shared: what <c>Fit</c> returns keeps it alive, has to be disposed of, and is saved and loaded like any
    /// <see cref="DiffEncTransformer"/>.
    /// </summary>
    /// <param name="model">The trained model.</param>
    /// <param name="options">What is estimated from the data that <c>Fit</c> is given; <see langword="null"/>: nothing, 100 uniform steps.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of its range; the message names it. Or the model's times are importance-sampled, which is for continuous time.
    /// </exception>
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

    /// <summary>Represents images by what a trained model makes of them, for a classifier trained on few labels or a search for neighbours.</summary>
    /// <remarks>
    /// <c>Fit</c> leaves the model as it is. With <see cref="FeatureNormalization.Rectified"/> it learns the mean of each feature over the first rows
    /// of its data, up to 1,000, and throws an <see cref="InvalidOperationException"/> where there are none; give it images in random order, whatever
    /// their labels. One fitted transformer is for all data that are to be compared. Put <c>AppendCacheCheckpoint</c> between this and a trainer, which
    /// reads its data many times: the network runs whenever they are read.
    /// </remarks>
    /// <param name="model">The model. The transformers share it; disposing of one leaves it to the others.</param>
    /// <param name="options">Which representation; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or asks for what the model does not have; the message names it.</exception>
    public IEstimator<RepresentationTransformer> Representations(DiffEncTransformer model, RepresentationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new RepresentationEstimator(_env, model, options);
    }

    /// <summary>
    /// Tries representations at each time, of each block and pooling asked for: a linear classifier (multinomial logistic regression; features that are
    /// not <see cref="FeatureNormalization.Rectified"/> are standardised first) learns on the labelled images and is measured on the validation set.
    /// </summary>
    /// <remarks>The best of many accuracies on one validation set is too good: measure the chosen one on images that are in neither set.</remarks>
    /// <param name="model">The model.</param>
    /// <param name="train">Labelled images, as few as there will be.</param>
    /// <param name="validation">Other labelled images.</param>
    /// <param name="options">What is tried; <see langword="null"/> for the defaults.</param>
    /// <returns>All trials, the best first.</returns>
    /// <exception cref="ArgumentException">An option is empty, out of its range, or asks for what the model does not have.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a wrong type, or the sets' labels differ.</exception>
    /// <exception cref="OperationCanceledException">Cancelled by the token in the options.</exception>
    public IReadOnlyList<RepresentationTrial> SearchRepresentations(
        DiffEncTransformer model, IDataView train, IDataView validation, RepresentationSearchOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(validation);
        return new RepresentationSearch(_env, model, options ?? new RepresentationSearchOptions()).Run(train, validation);
    }

    /// <summary>Tells anomalies from normal images. Its <c>Fit</c> takes normal images that the model was not trained on, and calibrates the
    /// threshold on them.</summary>
    /// <param name="model">The model, trained on normal images. The transformers share it; disposing of one leaves it to the others.</param>
    /// <param name="options">By what score, and how strictly; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public IEstimator<AnomalyTransformer> DetectAnomalies(DiffEncTransformer model, AnomalyOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new AnomalyEstimator(_env, model, options);
    }

    /// <summary>Generates an image for each row: an <c>MLImage</c> column. Nothing is trained.</summary>
    /// <param name="model">The model. The transformers share it; disposing of one leaves it to the others.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults. Later changes to it have no effect.</param>
    /// <param name="outputColumnName">The column of images.</param>
    /// <param name="seedColumnName">
    /// A column of whole numbers: rows of one number (and class) get one image, number k the one that <see cref="DiffEncTransformer.Generate"/> makes
    /// as its k-th. <see langword="null"/>: the rows' own ids, which most sources count from 0.
    /// </param>
    /// <param name="classColumnName">
    /// A column that says of which class each image is to be: a key as in the training, or a text, one of
    /// <see cref="DiffEncTransformer.ClassNames"/>; missing keys and empty texts leave it open. <see langword="null"/>: as the options say.
    /// </param>
    /// <exception cref="ArgumentException">An option is out of its range, or two contradict each other; the message names it.</exception>
    /// <exception cref="InvalidOperationException">Classes are asked for, and the model was trained without labels.</exception>
    public IEstimator<GenerationTransformer> Generate(
        DiffEncTransformer model, GenerationOptions? options = null, string outputColumnName = "Generated", string? seedColumnName = null,
        string? classColumnName = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new GenerationEstimator(_env, model, options ?? new GenerationOptions(), outputColumnName, seedColumnName, classColumnName);
    }

    /// <summary>
    /// Repairs pictures: draws a part of each anew, given the rest. The part is what a mask shows bright, an anomaly map for one, or, without masks,
    /// where the image has the most diffusion loss. Nothing is trained.
    /// </summary>
    /// <param name="model">The model, which says in which column the images are. The transformers share it; disposing of one leaves it to the
    /// others.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults. Later changes to it have no effect.</param>
    /// <param name="outputColumnName">The column of repaired images, <c>MLImage</c>.</param>
    /// <param name="maskColumnName">
    /// The column of masks: <c>MLImage</c>, or a vector of a value 0..255 for each place, of the size of the images. <see langword="null"/>: there
    /// are none.
    /// </param>
    /// <exception cref="ArgumentException">An option is out of its range, or two contradict each other; the message names it.</exception>
    /// <exception cref="InvalidOperationException">A class is asked for, and the model was trained without labels.</exception>
    public IEstimator<RepairTransformer> Repair(
        DiffEncTransformer model, RepairOptions? options = null, string outputColumnName = "Repaired", string? maskColumnName = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new RepairEstimator(_env, model, options ?? new RepairOptions(), outputColumnName, maskColumnName);
    }

    /// <summary>Compares the scores of an <see cref="AnomalyTransformer"/>, or any other's, with what is known of the images.</summary>
    /// <param name="scored">The scored images, with their labels.</param>
    /// <param name="labelColumnName">The column that says which are anomalies: <see cref="bool"/>, or <see cref="float"/> 0 and 1.</param>
    /// <param name="scoreColumnName">The column of scores, <see cref="float"/>, which rise as images get less normal.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a wrong type.</exception>
    /// <exception cref="InvalidOperationException">There are no anomalies, or no normal images; a score is NaN; or a label is neither 0 nor 1.</exception>
    public AnomalyMetrics EvaluateAnomalies(IDataView scored, string labelColumnName = "Label", string scoreColumnName = "Score")
    {
        ArgumentNullException.ThrowIfNull(scored);
        ArgumentException.ThrowIfNullOrWhiteSpace(labelColumnName);
        ArgumentException.ThrowIfNullOrWhiteSpace(scoreColumnName);
        return AnomalyEvaluation.Evaluate(_env, scored, labelColumnName, scoreColumnName);
    }

    /// <summary>A model from a file that <see cref="DiffEncModelExport.SaveSafetensors"/> wrote: the same weights, scored with the usual
    /// draws.</summary>
    /// <param name="path">The file, with the model's description in its metadata.</param>
    /// <param name="inputColumnName">The column of images that the transformer will score.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, does not describe a model, or its weights do not fit the description; they are
    /// named.</exception>
    public DiffEncTransformer LoadSafetensors(string path, string inputColumnName)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentException.ThrowIfNullOrWhiteSpace(inputColumnName);
        var model = HostSettings.PlaceModel(_env, () => ModelFile.ReadWithDescription(path));
        return new DiffEncTransformer(_env, model, ScoringSettings.Default(inputColumnName, HostSettings.Seed(_env) ?? 0));
    }

    /// <summary>
    /// Classifies images by a model that was trained with labels (<see cref="DiffEncTrainer.Options.LabelColumnName"/>): p(c | x) ∝ p(x | c) p(c).
    /// Nothing is trained; the fit looks at the data only for <see cref="ClassPriors.FromData"/>.
    /// </summary>
    /// <param name="model">The model, which the classifier shares.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    /// <exception cref="InvalidOperationException">The model was trained without labels, or with a single class.</exception>
    public IEstimator<BayesClassifierTransformer> BayesClassifier(DiffEncTransformer model, BayesClassifierOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new BayesClassifierEstimator(_env, model, options ?? new BayesClassifierOptions());
    }

    /// <summary>
    /// Scores how likely images are by the probability-flow ODE of a trained model: an estimate independent of the bound, at hundreds to thousands of
    /// evaluations of the network and as many backward passes for each draw. See <see cref="OdeLikelihoodTransformer"/> for the columns.
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

    /// <summary>Scores images and sums up, with every error stated: see <see cref="LikelihoodReport"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">
    /// Images in the model's column, and their classes if it is conditioned on them (<see cref="DiffEncTransformer.ConditionedOn"/>). They are read once,
    /// a few at a time; all of them are counted.
    /// </param>
    /// <param name="options">How; null for the draws with which the model scores its columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An option is out of its range, or the data have no column with such images, or such labels, as the model was trained on.
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
