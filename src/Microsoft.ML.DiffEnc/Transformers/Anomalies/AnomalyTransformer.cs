using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.DiffEnc.Transformers.Anomalies;
using Microsoft.ML.DiffEnc.Transformers.Batching;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc;

/// <summary>Tells anomalies from normal images: a trained model with a score, and a threshold that was calibrated on normal images.</summary>
/// <remarks>
/// <list type="table">
/// <listheader><term>Column</term><description>Value</description></listheader>
/// <item><term>Score</term><description><see cref="float"/>: the score asked for; it rises as an image gets less normal.</description></item>
/// <item><term>PValue</term><description><see cref="float"/>: the conformal p-value, the share of normal images (this one among them) at least as
/// unusual.</description></item>
/// <item><term>PredictedLabel</term><description><see cref="bool"/>: whether the score is above the threshold.</description></item>
/// <item><term>the map, under the name that was asked for</term>
/// <description><c>MLImage</c>: where the diffusion loss is. Mid-grey is what one in a thousand places of normal images exceeds.</description></item>
/// </list>
/// A score depends on the model, the options and the image alone: not on the rows beside it, but for rounding, as rows share passes of the network.
/// Several threads may score at once; the network runs for one batch at a time. The model is shared with the transformer that it came from; each has
/// to be disposed of.
/// </remarks>
public sealed class AnomalyTransformer : ITransformer, IDisposable
{
    private readonly IHost _host;
    private readonly AnomalyScorer _scorer;

    /// <param name="env">The environment; messages appear under the transformer's name.</param>
    /// <param name="model">A transformer that this one owns.</param>
    /// <param name="settings">What was learned of normal images.</param>
    /// <exception cref="InvalidDataException">The features of normal images are not the model's.</exception>
    internal AnomalyTransformer(IHostEnvironment env, DiffEncTransformer model, AnomalySettings settings)
    {
        _host = env.Register(nameof(AnomalyTransformer));
        (Model, Settings) = (model, settings);
        _scorer = new AnomalyScorer(model, settings.Score, settings.Profile);
        if ((settings.Norm.Features?.Space.Features ?? 0) != _scorer.FeatureCount)
            throw new InvalidDataException(
                $"The detector knows {settings.Norm.Features?.Space.Features ?? 0} features of normal images; its model has {_scorer.FeatureCount}.");
    }

    /// <summary>Images with a score above it are called anomalies.</summary>
    public float Threshold => Settings.Threshold;

    /// <summary>The p-value that a score has.</summary>
    /// <param name="score">A value of the column <c>Score</c>.</param>
    /// <returns>From 1/(n + 1), with n images of calibration, to 1.</returns>
    public float PValue(float score) => Settings.PValue(score);

    /// <summary>The column that images are read from.</summary>
    public string InputColumnName => Model.ImageColumn.Name;

    /// <summary>The column of maps; <see langword="null"/>: there is none. Its type tells the size of the images.</summary>
    public string? AnomalyMapColumnName => Settings.MapColumnName;

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    internal AnomalySettings Settings { get; }

    internal DiffEncTransformer Model { get; }

    /// <summary>The same detector with another threshold. P-values stay as they are.</summary>
    /// <param name="threshold">Images with a score above it are called anomalies; infinities are allowed.</param>
    /// <returns>A further transformer, to be disposed of on its own; the model is freed with the last of them.</returns>
    /// <exception cref="ArgumentException"><paramref name="threshold"/> is no number.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public AnomalyTransformer ChangeThreshold(float threshold)
        => float.IsNaN(threshold)
            ? throw new ArgumentException("The threshold is NaN; expected a number.", nameof(threshold))
            : FreedUnlessBuilt.Build(Model.ConditionedOn(null), model => new AnomalyTransformer(_host, model, Settings with { Threshold = threshold }));

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

    /// <summary>Adds the columns. Lazy: images are read and scored as the rows of the result are.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The data have no column with such images as the model was trained on.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Model.ThrowIfDisposed();
        return new BatchedDataView(_host, input, Bind(input.Schema), Model.BatchSize);
    }

    /// <summary>Frees the model, unless other transformers share it.</summary>
    public void Dispose() => Model.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx) => AnomalyTransformerFile.Save(ctx, this);

    /// <summary>The scores and the maps of images, whichever are asked for: one batch at a time however many threads ask.</summary>
    /// <param name="pixels"><paramref name="count"/> images, channels first.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="scores">Where the scores go; empty: they are not asked for.</param>
    /// <param name="maps">Where the maps go; empty: they are not asked for.</param>
    internal void Score(ReadOnlySpan<byte> pixels, int count, Span<float> scores, Span<float> maps)
    {
        if (scores.IsEmpty)
        {
            _scorer.Map(pixels, count, maps);
            return;
        }
        AnomalyMeasures[] measures = _scorer.Measure(pixels, count, maps);
        for (int i = 0; i < count; i++)
            scores[i] = (float)Settings.Norm.Score(Settings.Score, measures[i]);
    }

    /// <summary>Whether a score is above the threshold. One that is no number is of an image that the model can make nothing of.</summary>
    internal bool IsAnomaly(float score) => !(score <= Threshold);

    /// <summary>A map as a picture.</summary>
    internal MLImage Draw(ReadOnlySpan<float> map) => AnomalyMap.ToImage(map, Model.ImageColumn.Width, Model.ImageColumn.Height, Settings.MapUnit);

    private AnomalyMapper Bind(DataViewSchema inputSchema) => new(this, inputSchema);
}
