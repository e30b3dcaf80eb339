using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Transformers.Representations;

/// <summary>Checks the data and makes the transformer; there is nothing to train.</summary>
internal sealed class RepresentationEstimator : IEstimator<RepresentationTransformer>
{
    private readonly IHostEnvironment _env;
    private readonly DiffEncTransformer _model;
    private readonly RepresentationSettings _settings;

    /// <exception cref="ArgumentException">An option is out of its range, or asks for what the model does not have; the message names it.</exception>
    public RepresentationEstimator(IHostEnvironment env, DiffEncTransformer model, RepresentationOptions? options)
    {
        (_env, _model) = (env, model);
        _settings = RepresentationSettings.From((options ?? new RepresentationOptions()).Copy(), model);
    }

    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type or size.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public RepresentationTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _model.ImageColumn.Find(input.Schema);
        return new RepresentationTransformer(_env, _model.Share(), _settings);
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
