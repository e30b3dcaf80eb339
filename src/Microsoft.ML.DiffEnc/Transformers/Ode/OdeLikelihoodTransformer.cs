using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion.Ode;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.DiffEnc.Transformers.Batching;
using Microsoft.ML.DiffEnc.Transformers.Ode;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc;

/// <summary>Scores how likely images are by the probability-flow ODE of a trained model, an estimate independent of the variational bound.</summary>
/// <remarks>
/// <para><see cref="Transform"/> adds these columns, all <see cref="float"/>:</para>
/// <list type="table">
/// <listheader><term>Column</term><description>Value</description></listheader>
/// <item><term>OdeBitsPerDimension</term><description>A bound on −log₂ P(x), divided by channels × height × width: the sum of the two
/// losses.</description></item>
/// <item><term>OdeLogLikelihood</term><description>The bound on log P(x), in nats per image.</description></item>
/// <item><term>OdeDensityLoss</term><description>−log₂ p(z_0) by the change of variables along the ODE, in bits per dimension; may be
/// negative.</description></item>
/// <item><term>OdeDequantizationLoss</term>
/// <description>log₂ q(z_0 | x) − log₂ p(x | z_0), in bits per dimension: what lies between the density of z_0 and the probability of integer
/// pixels.</description></item>
/// <item><term>OdeStandardError</term><description>The standard error of OdeBitsPerDimension, from the spread of its draws; NaN with one
/// draw.</description></item>
/// <item><term>OdeEvaluations</term><description>Evaluations of the network for one draw, in the mean over the draws.</description></item>
/// </list>
/// <para>
/// With a trained encoder and without the second head the ODE is an approximation: see <see cref="IsApproximate"/>. An image's score depends on its
/// pixels, the seed and the options: not on the rows beside it (bit by bit on the CPU; on a GPU, where images share a pass, rounding may change the
/// solver's steps, and so a score within its tolerance). Nothing is computed unless one of the columns is asked for. Conditional models are scored
/// without a condition. The model is shared with the transformer that it came from; each of them has to be disposed of.
/// </para>
/// </remarks>
public sealed class OdeLikelihoodTransformer : ITransformer, IDisposable
{
    // Few rows: an image takes hundreds of evaluations, and whoever reads one row should not wait for many.
    private const int RowsInBatchOnCpu = 4, RowsInBatchOnGpu = 64;

    private readonly IHost _host;
    private readonly SharedModel _shared;
    private readonly OdeScorer _scorer;
    private bool _isDisposed;

    /// <param name="env">The environment; messages appear under the transformer's name.</param>
    /// <param name="shared">The model, acquired for this transformer, which releases it.</param>
    /// <param name="settings">Where the images are, and how they are scored.</param>
    internal OdeLikelihoodTransformer(IHostEnvironment env, SharedModel shared, OdeSettings settings)
    {
        _host = env.Register(nameof(OdeLikelihoodTransformer));
        (_shared, Settings) = (shared, settings);
        var d = shared.Model.Description;
        ImageColumn = new ImageColumn(settings.InputColumnName, d.Width, d.Height, d.Channels, settings.PixelLayout);
        _scorer = new OdeScorer(shared.Model, new OdeDraws(settings.Draws, settings.Probes, settings.Seed), settings.Tolerance, settings.MaxSteps);
    }

    /// <summary>
    /// Whether the ODE only approximates the process that was trained: the model has a trained encoder and no second head. The result is then a
    /// bound on the likelihood under the ODE's own distribution (what <see cref="SamplerKind.Ode"/> samples in the limit of many steps), and no
    /// estimate of the model's.
    /// </summary>
    public bool IsApproximate => !_shared.Model.HasExactOde;

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    internal OdeSettings Settings { get; }

    internal ImageColumn ImageColumn { get; }

    internal DiffEncModel Model => _shared.Model;

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

    /// <summary>Adds the columns. Lazy: images are read and scored, in batches, as the rows of the result are.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The data have no column with such images as the model was trained on.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        bool onCpu = Model.Device.type == TorchSharp.DeviceType.CPU;
        return new BatchedDataView(_host, input, Bind(input.Schema), onCpu ? RowsInBatchOnCpu : RowsInBatchOnGpu);
    }

    /// <summary>Frees the model, unless other transformers share it.</summary>
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

    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        lock (_shared.Network)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            OdeLikelihoodTransformerFile.Save(ctx, this);
        }
    }

    /// <summary>Scores images, one batch at a time however many threads ask.</summary>
    /// <exception cref="InvalidOperationException">An image takes too many steps, or the network's output is not finite.</exception>
    internal void Score(ReadOnlySpan<byte> pixels, int count, Span<OdeLikelihood> results)
    {
        lock (_shared.Network)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _scorer.Score(pixels, count, results);
        }
    }

    private OdeLikelihoodMapper Bind(DataViewSchema inputSchema) => new(this, inputSchema);
}
