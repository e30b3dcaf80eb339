using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers.Batching;
using Microsoft.ML.DiffEnc.Transformers.Repair;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc;

/// <summary>Adds to each row its image with a part of it drawn anew, given the rest: an <c>MLImage</c> column.</summary>
/// <remarks>
/// The part is what a mask shows bright or, without masks, where the image has the most diffusion loss. The other pixels stay as they are, exactly
/// (of a colour picture and a model of grey ones, as grey). What is drawn depends on the model, the options, the known pixels and the mask alone: not
/// on the rows beside it or their order, but for rounding, as rows share passes of the network; other draws are made with another
/// <see cref="GenerationOptions.Seed"/>. Several threads may read at once; the network runs for one batch at a time. The model is shared with the
/// transformer that it came from; each has to be disposed of.
/// </remarks>
public sealed class RepairTransformer : ITransformer, IDisposable
{
    private readonly IHost _host;
    private readonly RepairPlan _plan;

    /// <param name="env">The environment; messages appear under the transformer's name.</param>
    /// <param name="model">A transformer that this one owns.</param>
    /// <param name="settings">What of which images is repaired.</param>
    /// <param name="plan">How, if it is known who is told and what cancels; <see langword="null"/>: nobody and nothing.</param>
    internal RepairTransformer(IHostEnvironment env, DiffEncTransformer model, RepairSettings settings, RepairPlan? plan = null)
    {
        _host = env.Register(nameof(RepairTransformer));
        (Model, Settings) = (model, settings);
        _plan = plan ?? settings.Plan(settings.Generation.ToOptions());
        Mask = settings.MaskColumnName is { } name ? MaskColumn.Of(name, model) : null;
    }

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    internal RepairSettings Settings { get; }

    internal DiffEncTransformer Model { get; }

    /// <summary>The column of masks; <see langword="null"/>: there are none.</summary>
    internal ImageColumn? Mask { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The image column or the mask column is missing or of a wrong type or size.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return RowMapping.OutputSchema(inputSchema, Bind(inputSchema));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The image column or the mask column is missing or of a wrong type or size.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return RowMapping.Create(_host, this, inputSchema, Bind);
    }

    /// <summary>Adds the repaired images. Lazy: they are made, in batches, as the rows of the result are read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The image column or the mask column is missing or of a wrong type or size.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Model.ThrowIfDisposed();
        return new BatchedDataView(_host, input, Bind(input.Schema), Math.Min(Model.BatchSize, Sampler.ImagesPerPass(Model.Model, _plan.Generation)));
    }

    /// <summary>Frees the model, unless other transformers share it.</summary>
    public void Dispose() => Model.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx) => RepairTransformerFile.Save(ctx, this);

    /// <summary>The repaired images, one batch at a time however many threads ask.</summary>
    /// <param name="pixels">Images, channels first.</param>
    /// <param name="masks">Their masks, one byte a place; empty where there are none.</param>
    internal byte[] Repair(byte[] pixels, byte[] masks) => Model.Repair(pixels, masks, Settings, _plan);

    private RepairMapper Bind(DataViewSchema inputSchema) => new(this, inputSchema);
}
