using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Transformers.Ode;

/// <summary>Checks the data and makes the transformer; there is nothing to train.</summary>
internal sealed class OdeLikelihoodEstimator : IEstimator<OdeLikelihoodTransformer>
{
    private readonly IHostEnvironment _env;
    private readonly DiffEncTransformer _model;
    private readonly OdeSettings _settings;

    /// <exception cref="ArgumentException">An option is out of its range, or the ODE approximates the model and that is not allowed.</exception>
    public OdeLikelihoodEstimator(IHostEnvironment env, DiffEncTransformer model, OdeLikelihoodOptions options)
    {
        (_env, _model) = (env, model);
        _settings = OdeSettings.From(options, model);
    }

    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type or size.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public OdeLikelihoodTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _model.ImageColumn.Find(input.Schema);
        return FreedUnlessBuilt.Build(_model.Share(), model => new OdeLikelihoodTransformer(_env, model, _settings));
    }

    /// <exception cref="ArgumentOutOfRangeException">The image column is missing or of a wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _model.ImageColumn.Check(inputSchema);
        return OdeLikelihoodColumns.AppendTo(inputSchema);
    }
}
