using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Transformers.Representations;

/// <summary>Checks the data, learns the mean of rectified features from them, and makes the transformer; the model is not trained.</summary>
internal sealed class RepresentationEstimator : IEstimator<RepresentationTransformer>
{
    private readonly IHost _host;
    private readonly DiffEncTransformer _model;
    private readonly RepresentationSettings _settings;

    /// <exception cref="ArgumentException">An option is out of its range, or asks for what the model does not have; the message names it.</exception>
    public RepresentationEstimator(IHostEnvironment env, DiffEncTransformer model, RepresentationOptions? options)
    {
        (_host, _model) = (env.Register(nameof(RepresentationEstimator)), model);
        _settings = RepresentationSettings.From((options ?? new RepresentationOptions()).Copy(), model);
    }

    /// <summary>
    /// Learns the mean of each <see cref="FeatureNormalization.Rectified"/> feature over the first rows of <paramref name="input"/>, up to 1,000, which
    /// should be in random order. Labels are not read. Of other features nothing is learned, and no row is read.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type or size.</exception>
    /// <exception cref="InvalidOperationException">There is something to learn, and there are no images, one is missing or of another size, or a
    /// feature is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled through the <see cref="MLContext"/>.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public RepresentationTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _model.ImageColumn.Find(input.Schema);
        float[]? mean = _settings.IsCentred ? FeatureMean.Learn(_host, _model, _settings.Features, input) : null;
        return FreedUnlessBuilt.Build(_model.Share(), shared => new RepresentationTransformer(_host, shared, _settings, mean));
    }

    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _model.ImageColumn.Check(inputSchema);
        Dictionary<string, SchemaShape.Column> columns = inputSchema.ToDictionary(c => c.Name);
        var slotNames = new SchemaShape.Column(
            AnnotationUtils.Kinds.SlotNames, SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance, isKey: false);
        columns[_settings.OutputColumnName] = new SchemaShape.Column(
            _settings.OutputColumnName, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, isKey: false, new SchemaShape([slotNames]));
        return new SchemaShape(columns.Values);
    }
}
