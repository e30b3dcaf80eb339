using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Transformers;
using Microsoft.ML.DiffEnc.Transformers.Batching;
using Microsoft.ML.DiffEnc.Transformers.Representations;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc;

/// <summary>Adds a representation of each image, a vector of <see cref="float"/>, for a classifier or a search for neighbours.</summary>
/// <remarks>
/// The representation depends on the model, the options, the image and, where it is <see cref="FeatureNormalization.Rectified"/>, the mean that was
/// learned in <c>Fit</c>: not on the rows beside it, but for rounding, as rows share passes of the network. The slots have names: the time, and where
/// in the activation the number comes from. Several threads may read at once; the network runs for one batch at a time.
/// The model is shared with the transformer that it came from; each of them has to be disposed of.
/// </remarks>
public sealed class RepresentationTransformer : ITransformer, IDisposable
{
    private const int MostRowsInBatch = 64, MostValuesInBatch = 1 << 24;

    private readonly IHost _host;
    private readonly SharedModel _shared;
    private readonly FeatureExtractor _extractor;
    private bool _isDisposed;

    /// <param name="env">The environment; messages appear under the transformer's name.</param>
    /// <param name="shared">The model, acquired for this transformer, which releases it.</param>
    /// <param name="settings">What is taken of which column.</param>
    /// <param name="mean">What is subtracted, where the settings say so; else <see langword="null"/>.</param>
    /// <exception cref="InvalidDataException">There is not one mean for each feature.</exception>
    internal RepresentationTransformer(IHostEnvironment env, SharedModel shared, RepresentationSettings settings, float[]? mean)
    {
        _host = env.Register(nameof(RepresentationTransformer));
        (_shared, Settings, Mean) = (shared, settings, mean);
        var d = shared.Model.Description;
        ImageColumn = new ImageColumn(settings.InputColumnName, d.Width, d.Height, d.Channels, settings.PixelLayout);
        lock (shared.Network)
            _extractor = new FeatureExtractor(shared.Model, settings.Features);
        if (mean is not null && mean.Length != Size)
            throw new InvalidDataException($"There are {mean.Length} means, and the model has {Size} features. Save the model again.");
    }

    /// <inheritdoc/>
    public bool IsRowToRowMapper => true;

    internal RepresentationSettings Settings { get; }

    internal ImageColumn ImageColumn { get; }

    internal DiffEncModel Model => _shared.Model;

    /// <summary>What is subtracted of the features, one value each; <see langword="null"/>: nothing.</summary>
    internal float[]? Mean { get; }

    /// <summary>The length of the vector.</summary>
    internal int Size => _extractor.Size;

    /// <summary>The shape of the features of one time.</summary>
    internal IReadOnlyList<long> FeatureShape => _extractor.Shape;

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

    /// <summary>Adds the representation. Lazy: images are read and represented, in batches, as the rows of the result are.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The data have no column with such images as the model was trained on.</exception>
    /// <exception cref="ObjectDisposedException">The transformer is disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new BatchedDataView(_host, input, Bind(input.Schema), RowsInBatch(Size, ImageColumn.ValuesPerImage));
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
            RepresentationTransformerFile.Save(ctx, this);
        }
    }

    /// <summary>Represents images, one batch at a time however many threads ask.</summary>
    internal void Extract(ReadOnlySpan<byte> pixels, int count, Span<float> results)
    {
        lock (_shared.Network)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _extractor.Extract(pixels, count, results);
        }
        if (Mean is not null)
            FeatureMean.Centre(results[..(count * Size)], Mean);
    }

    /// <summary>How many images are represented at a time.</summary>
    internal static int RowsInBatch(int features, int valuesPerImage)
        => Math.Clamp(MostValuesInBatch / Math.Max(features, valuesPerImage), 1, MostRowsInBatch);

    private RepresentationMapper Bind(DataViewSchema inputSchema) => new(this, inputSchema);
}
