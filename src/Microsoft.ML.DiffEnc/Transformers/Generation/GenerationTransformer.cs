using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers.Batching;
using Microsoft.ML.DiffEnc.Transformers.Generation;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc;

/// <summary>Adds to each row an image that the model generates.</summary>
/// <remarks>
/// <para>
/// Row by row the image depends on the seed of <see cref="GenerationOptions"/>, the row's number and, if asked for, its class: not on the rows
/// beside it, on their order or on how they are asked for, but for rounding, as rows share passes of the network. The number comes from the seed
/// column; without one it is the row's id, which stays with a row when it is shuffled or filtered. Sources count their rows from 0, and row k gets
/// the image that <see cref="DiffEncTransformer.Generate"/> makes as its k-th. A <see cref="PredictionEngine{TSrc,TDst}"/> counts its
/// predictions instead: its k-th one has number k.
/// </para>
/// <para>
/// Images are made, up to 64 at a time, as rows are read, and not kept: every cursor makes them anew. Several threads may read at once; the network
/// runs for one batch at a time. The model is shared with the transformer that it came from; each has to be disposed of.
/// </para>
/// </remarks>
public sealed class GenerationTransformer : ITransformer, IDisposable
{
    private readonly IHost _host;
    private readonly GenerationOptions _options;

    /// <param name="env">The environment; messages appear under the transformer's name.</param>
    /// <param name="model">A transformer that this one owns.</param>
    /// <param name="settings">What images are made of which rows.</param>
    /// <param name="options">How, if it is known who is told and what cancels; <see langword="null"/>: nobody and nothing.</param>
    internal GenerationTransformer(IHostEnvironment env, DiffEncTransformer model, GenerationSettings settings, GenerationOptions? options = null)
    {
        _host = env.Register(nameof(GenerationTransformer));
        (Model, Settings) = (model, settings);
        _options = options ?? settings.Generation.ToOptions();
        SeedColumn = new SeedColumn(settings.SeedColumnName);
        ClassColumn = settings.ClassColumnName is { } name ? new ClassColumn(name, model.Model.Classes, model.Settings.ClassNames) : null;
    }

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    internal GenerationSettings Settings { get; }

    internal DiffEncTransformer Model { get; }

    internal SeedColumn SeedColumn { get; }

    internal ClassColumn? ClassColumn { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The seed column or the class column is missing or of a wrong type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return RowMapping.OutputSchema(inputSchema, Bind(inputSchema));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The seed column or the class column is missing or of a wrong type.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return RowMapping.Create(_host, this, inputSchema, Bind);
    }

    /// <summary>Adds the images. Lazy: they are made, in batches, as the rows of the result are read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The seed column or the class column is missing or of a wrong type.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Model.ThrowIfDisposed();
        return new BatchedDataView(_host, input, Bind(input.Schema), Math.Min(Model.BatchSize, Sampler.ImagesPerPass(Model.Model, _options)));
    }

    /// <summary>Frees the model, unless other transformers share it.</summary>
    public void Dispose() => Model.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx) => GenerationTransformerFile.Save(ctx, this);

    /// <summary>The images of rows, one batch at a time however many threads ask.</summary>
    internal byte[] Draw(ReadOnlySpan<ulong> numbers, ReadOnlySpan<int> classes)
    {
        lock (Model.Network)
        {
            Model.ThrowIfDisposed();
            return Sampler.Draw(Model.Model, numbers, classes, _options, Settings.Generation.Seed, Model.Grid, (0, numbers.Length));
        }
    }

    private GenerationMapper Bind(DataViewSchema inputSchema) => new(this, inputSchema);
}
