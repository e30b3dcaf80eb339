using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.DiffEnc.Transformers.Batching;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc;

/// <summary>
/// A class-conditional model as a classifier, by Bayes' rule: p(c | x) ∝ p(x | c) p(c), with the model's bound in place of log p(x | c).
/// </summary>
/// <remarks>
/// <para><see cref="Transform"/> adds the columns of ML.NET's multiclass trainers, so that <c>mlContext.MulticlassClassification.Evaluate</c>,
/// <c>MapKeyToValue</c> and the like work on them:</para>
/// <list type="table">
/// <listheader><term>Column</term><description>Value</description></listheader>
/// <item><term>PredictedLabel</term><description>Key: the most probable class, with the values that the training's labels had.</description></item>
/// <item><term>Score</term><description>Vector of <see cref="float"/>: p(c | x) of each class, in the order of the keys; it sums to
/// 1.</description></item>
/// </list>
/// <para>
/// Every image is scored once for each class, at the same times and noise, which depend on its pixels and the seed alone: so a result does
/// not depend on the rows beside it. The cost is classes × draws × times evaluations of the networks an image. Several threads may use it at once;
/// the network runs for one batch at a time.
/// </para>
/// </remarks>
public sealed class BayesClassifierTransformer : ITransformer, IDisposable
{
    private readonly IHost _host;
    private readonly DiffEncTransformer _model;
    private readonly ClassPosterior _posterior;

    /// <param name="env">The environment; messages appear under the transformer's name.</param>
    /// <param name="model">The model with the draws of the classifier; owned from here on.</param>
    /// <param name="priors">p(c) of each class.</param>
    internal BayesClassifierTransformer(IHostEnvironment env, DiffEncTransformer model, double[] priors)
    {
        _host = env.Register(nameof(BayesClassifierTransformer));
        _model = model;
        Priors = priors;
        var settings = model.Settings;
        _posterior = new ClassPosterior(model.Model, new ScoringDraws(settings.Draws, settings.TimesPerDraw, settings.Seed), priors);
    }

    /// <summary>p(c) of each class, before its image is seen, in the order of the keys.</summary>
    public IReadOnlyList<double> Priors { get; }

    /// <summary>What the classes are called, in the order of their keys. Empty where the training's labels had no names.</summary>
    public IReadOnlyList<string> ClassNames => _model.ClassNames;

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    internal ImageColumn ImageColumn => _model.ImageColumn;

    internal ClassNames? Names => _model.Settings.ClassNames;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The schema has no column with such images as the model was trained on.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return RowMapping.OutputSchema(inputSchema, Bind(inputSchema));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The schema has no column with such images as the model was trained on.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return RowMapping.Create(_host, this, inputSchema, Bind);
    }

    /// <summary>Adds the columns. Lazy: images are read and classified, in batches, as the rows of the result are.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The data have no column with such images as the model was trained on.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _model.ThrowIfDisposed();
        int batchSize = Math.Max(1, _model.BatchSize / Priors.Count); // one image is as much work as it has classes
        return new BatchedDataView(_host, input, Bind(input.Schema), batchSize, rowsAtFirst: 1);
    }

    /// <summary>
    /// Frees the model, unless other transformers share it; what is asked for afterwards throws <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose() => _model.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx) => BayesClassifierFile.Save(ctx, _model, [.. Priors]);

    /// <summary>p(c | x) of images, one batch at a time however many threads ask.</summary>
    internal void Classify(ReadOnlySpan<byte> pixels, int count, Span<float> posteriors) => _model.Classify(_posterior, pixels, count, posteriors);

    private ClassMapper Bind(DataViewSchema inputSchema) => new(this, inputSchema);
}
