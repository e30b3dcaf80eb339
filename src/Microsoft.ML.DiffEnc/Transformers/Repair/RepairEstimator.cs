using Microsoft.ML.DiffEnc.Diffusion.Sampling;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Transformers.Repair;

/// <summary>Checks the data and makes the transformer; there is nothing to train.</summary>
internal sealed class RepairEstimator : IEstimator<RepairTransformer>
{
    private readonly IHostEnvironment _env;
    private readonly DiffEncTransformer _model;
    private readonly RepairSettings _settings;
    private readonly RepairPlan _plan;

    /// <exception cref="ArgumentException">An option is out of its range, or two contradict each other; or a name is empty.</exception>
    /// <exception cref="InvalidOperationException">A class is asked for, and the model was trained without labels.</exception>
    public RepairEstimator(IHostEnvironment env, DiffEncTransformer model, RepairOptions options, string outputColumnName, string? maskColumnName)
    {
        (_env, _model) = (env, model);
        (_settings, _plan) = RepairSettings.From(options, model, outputColumnName, maskColumnName);
    }

    /// <exception cref="ArgumentOutOfRangeException">The image column or the mask column is missing or of a wrong type or size.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public RepairTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _model.ImageColumn.Find(input.Schema);
        if (_settings.MaskColumnName is { } mask)
            MaskColumn.Of(mask, _model).Find(input.Schema);
        return new RepairTransformer(_env, _model.ConditionedOn(null), _settings, _plan);
    }

    /// <exception cref="ArgumentOutOfRangeException">The image column or the mask column is missing or of a wrong type or size.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _model.ImageColumn.Check(inputSchema);
        if (_settings.MaskColumnName is { } mask)
            MaskColumn.Of(mask, _model).Check(inputSchema);
        return AddedImage.AppendTo(inputSchema, _settings.OutputColumnName, _model.ImageColumn);
    }
}
