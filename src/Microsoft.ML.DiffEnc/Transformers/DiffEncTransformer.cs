using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.DiffEnc.Transformers.Batching;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc;

/// <summary>A trained DiffEnc model in a pipeline: scores how likely images are, and generates images.</summary>
/// <remarks>
/// <para><see cref="Transform"/> adds these columns, all <see cref="float"/>:</para>
/// <list type="table">
/// <listheader><term>Column</term><description>Value</description></listheader>
/// <item><term>Score</term><description>The same as BitsPerDimension; higher is less likely, as anomaly detection expects.</description></item>
/// <item><term>BitsPerDimension</term><description>The variational bound on -log2 p(x), divided by channels × height × width.</description></item>
/// <item><term>LogLikelihood</term><description>The bound on log p(x), in nats per image.</description></item>
/// <item><term>ReconstructionLoss, LatentLoss, DiffusionLoss</term>
/// <description>The three parts of BitsPerDimension, in bits per dimension. The last is that of continuous time, or of the steps of
/// <see cref="Grid"/>.</description></item>
/// <item><term>StandardError</term>
/// <description>The standard error of BitsPerDimension, from the spread of its draws, in bits per dimension; NaN with one draw.</description></item>
/// </list>
/// <para>
/// An image's score depends only on its pixels and on the scoring seed: not on the rows beside it, on their order, or on whether it is
/// scored in a batch or by a <see cref="PredictionEngine{TSrc,TDst}"/> (bit by bit on the CPU where it has at least 8 draws, K·M; up to rounding
/// with fewer, where ReconstructionLoss and LatentLoss alone are asked for, and on a GPU, since images then share a pass). Nothing is computed unless
/// one of the columns is asked for, and the diffusion loss, nearly all of the work, only for the columns that include it.
/// </para>
/// <para>
/// Several threads may score at once; pictures are read in parallel, or while the network computes the batch before, and the network runs for one
/// batch, or one generation, at a time. The transformer owns its model:
/// <see cref="Dispose"/> frees it. A prediction engine disposes of its transformer unless it was made with <c>OwnsTransformer = false</c>.
/// </para>
/// </remarks>
public sealed partial class DiffEncTransformer : ITransformer, IDisposable
{
    // Rows that are read ahead and scored together: enough to use the hardware well, and of large images not more than memory allows.
    private const int MostRowsInBatch = 64, MostBytesInBatch = 1 << 26;

    private readonly IHost _host;
    private readonly SharedModel _shared;
    private readonly LikelihoodScorer _scorer;
    private bool _isDisposed;

    /// <param name="env">The environment; messages appear under the transformer's name.</param>
    /// <param name="model">The model, which the transformer owns from here on.</param>
    /// <param name="settings">Where the images are, and how they are scored.</param>
    internal DiffEncTransformer(IHostEnvironment env, DiffEncModel model, ScoringSettings settings)
        : this(env, new SharedModel(model), settings)
    {
    }

    /// <param name="env">The environment; messages appear under the transformer's name.</param>
    /// <param name="shared">The model, acquired for this transformer, which releases it.</param>
    /// <param name="settings">Where the images are, and how they are scored.</param>
    internal DiffEncTransformer(IHostEnvironment env, SharedModel shared, ScoringSettings settings)
    {
        _host = env.Register(nameof(DiffEncTransformer));
        _shared = shared;
        var model = shared.Model;
        Settings = settings;
        ImageColumn = new ImageColumn(
            settings.InputColumnName, model.Description.Width, model.Description.Height, model.Description.Channels, settings.PixelLayout);
        LabelColumn = settings.LabelColumnName is { } label ? new LabelColumn(label, model.Classes, settings.ClassNames) : null;
        var draws = new ScoringDraws(settings.Draws, settings.TimesPerDraw, settings.Seed);
        _scorer = new LikelihoodScorer(model, draws, diffusion: settings.Estimate(model));
    }

    /// <summary>
    /// The column of labels whose classes the likelihoods are given, log p(x | class); <see langword="null"/>: they are given none. See
    /// <see cref="ConditionedOn"/>.
    /// </summary>
    public string? LabelColumnName => Settings.LabelColumnName;

    /// <summary>
    /// What the classes of a model trained with labels are called, in the order of their keys: the first is class 1. Empty where they have no
    /// names.
    /// </summary>
    public IReadOnlyList<string> ClassNames => Settings.ClassNames?.Values ?? [];

    /// <summary>The model itself, for use outside of pipelines. It is freed with the last transformer that uses it.</summary>
    public DiffEncModel Model => _shared.Model;

    /// <summary>
    /// The steps in which images are scored, and of ancestral sampling; <see langword="null"/>: the bound is that of continuous time.
    /// </summary>
    public TimeGrid? Grid => Settings.Grid;

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    /// <summary>Where the images are, and how they are scored.</summary>
    internal ScoringSettings Settings { get; }

    /// <summary>A transformer that shares the model, with settings of its own.</summary>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    internal DiffEncTransformer With(ScoringSettings settings) => new(_host, Share(), settings);

    /// <summary>The model, for a further transformer that shares it.</summary>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    internal SharedModel Share()
    {
        lock (_shared.Network)
        {
            ThrowIfDisposed();
            return _shared.Acquire();
        }
    }

    /// <summary>Held while the model computes, and while it is freed.</summary>
    internal Lock Network => _shared.Network;

    /// <summary>Rows that are scored together.</summary>
    internal int BatchSize => Math.Clamp(MostBytesInBatch / ImageColumn.ValuesPerImage, 1, MostRowsInBatch);

    /// <summary>The column that images are read from.</summary>
    internal ImageColumn ImageColumn { get; }

    /// <summary>The column that classes are read from; <see langword="null"/>: none are.</summary>
    internal LabelColumn? LabelColumn { get; }

    /// <summary>
    /// A transformer of the same model that scores log p(x | class), each image given the class in its label column. An image whose label is
    /// missing is scored without one. Times and noise are the same as without labels, so that the difference between the two is not one of draws.
    /// </summary>
    /// <param name="labelColumnName">A key column, made by the same <c>MapValueToKey</c> as for the training; <see langword="null"/>: scores
    /// without classes.</param>
    /// <returns>A further transformer, to be disposed of on its own; the model is freed with the last of them.</returns>
    /// <exception cref="InvalidOperationException">The model was trained without labels.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public DiffEncTransformer ConditionedOn(string? labelColumnName)
    {
        if (labelColumnName is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(labelColumnName);
            RequireClasses();
        }
        return new DiffEncTransformer(_host, Share(), Settings with { LabelColumnName = labelColumnName });
    }

    /// <exception cref="InvalidOperationException">The model was trained without labels.</exception>
    internal void RequireClasses()
    {
        if (Model.Classes == 0)
            throw new InvalidOperationException(
                "The model has no classes: it was trained without labels. Train it with DiffEncTrainer.Options.LabelColumnName.");
    }

    /// <summary>Finds the one <see cref="DiffEncTransformer"/> in a chain, however deeply chains are nested: in a loaded model, say.</summary>
    /// <param name="chain">A transformer, or a chain of them.</param>
    /// <exception cref="ArgumentException">There is none, or more than one.</exception>
    public static DiffEncTransformer FindIn(ITransformer chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        ITransformer[] all = [.. Flatten(chain)];
        DiffEncTransformer[] found = [.. all.OfType<DiffEncTransformer>().Distinct()];
        return found.Length switch
        {
            1 => found[0],
            0 => throw new ArgumentException(
                $"There is no {nameof(DiffEncTransformer)} among the transformers: {string.Join(", ", all.Select(t => t.GetType().Name))}.",
                nameof(chain)),
            _ => throw new ArgumentException(
                $"There are {found.Length} {nameof(DiffEncTransformer)}s in the chain; expected one. " +
                $"Enumerate the chain to choose (OfType<{nameof(DiffEncTransformer)}>).",
                nameof(chain)),
        };
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The schema has no column with such images, or such labels, as the model was trained
    /// on.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return RowMapping.OutputSchema(inputSchema, Bind(inputSchema));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The schema has no column with such images, or such labels, as the model was trained
    /// on.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return RowMapping.Create(_host, this, inputSchema, Bind);
    }

    /// <summary>Adds the likelihood columns. Lazy: images are read and scored, in batches, as the rows of the result are.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The data have no column with such images, or such labels, as the model was trained
    /// on.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ThrowIfDisposed();
        int? rowsAtFirst = _scorer.ImagesPerPass == 1 ? 1 : null;
        return new BatchedDataView(_host, input, Bind(input.Schema), BatchSize, rowsAtFirst: rowsAtFirst);
    }

    /// <summary>
    /// Frees the model, unless other transformers share it. Waits for a batch that is being computed; what is asked for afterwards throws
    /// <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        lock (_shared.Network)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            _shared.Release();
        }
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => DiffEncTransformerFile.Save(ctx, this);

    /// <summary>Writes the entries of a model file, while the model cannot be freed.</summary>
    internal void WriteEntries(ModelSaveContext ctx)
    {
        lock (_shared.Network)
        {
            ThrowIfDisposed();
            DiffEncTransformerFile.WriteEntries(ctx, this);
        }
    }

    /// <summary>Scores images, one batch at a time however many threads ask.</summary>
    /// <param name="pixels"><paramref name="count"/> images, [C, H, W] each.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="results">Where their likelihoods go.</param>
    /// <param name="withDiffusion">Whether the diffusion loss, nearly all of the work, is asked for.</param>
    /// <param name="classes">The class that each image is given, 0 for none; empty: none is.</param>
    internal void Score(ReadOnlySpan<byte> pixels, int count, Span<Likelihood> results, bool withDiffusion, ReadOnlySpan<int> classes)
    {
        lock (_shared.Network)
        {
            ThrowIfDisposed();
            _scorer.Score(pixels, count, results[..count], withDiffusion, classes);
        }
    }

    /// <summary>p(c | x) of images, one batch at a time however many threads ask.</summary>
    internal void Classify(ClassPosterior posterior, ReadOnlySpan<byte> pixels, int count, Span<float> posteriors)
    {
        lock (_shared.Network)
        {
            ThrowIfDisposed();
            posterior.Of(pixels, count, posteriors);
        }
    }

    /// <summary>Computes with the model, one caller at a time however many threads ask.</summary>
    internal T Compute<T>(Func<DiffEncModel, T> work)
    {
        lock (_shared.Network)
        {
            ThrowIfDisposed();
            return work(Model);
        }
    }

    private static IEnumerable<ITransformer> Flatten(ITransformer transformer)
        => transformer is IEnumerable<ITransformer> chain ? chain.SelectMany(Flatten) : [transformer];

    private LikelihoodMapper Bind(DataViewSchema inputSchema) => new(this, inputSchema);

    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    internal void ThrowIfDisposed()
    {
        if (_isDisposed)
        {
            throw new ObjectDisposedException(
                nameof(DiffEncTransformer),
                "The DiffEncTransformer is disposed, and its model freed. Chains and prediction engines dispose of their transformers; " +
                "a PredictionEngine made with PredictionEngineOptions { OwnsTransformer = false } does not.");
        }
    }
}
