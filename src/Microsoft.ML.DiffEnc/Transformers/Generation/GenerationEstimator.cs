using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.DiffEnc.Transformers.Generation;

/// <summary>Checks the data and makes the transformer; there is nothing to train.</summary>
internal sealed class GenerationEstimator : IEstimator<GenerationTransformer>
{
    private readonly IHostEnvironment _env;
    private readonly DiffEncTransformer _model;
    private readonly GenerationOptions _options;
    private readonly GenerationSettings _settings;

    /// <exception cref="ArgumentException">An option is out of its range, or two contradict each other; or a name is empty.</exception>
    /// <exception cref="InvalidOperationException">Classes are asked for, and the model was trained without labels.</exception>
    public GenerationEstimator(
        IHostEnvironment env, DiffEncTransformer model, GenerationOptions options, string outputColumnName, string? seedColumnName,
        string? classColumnName)
    {
        (_env, _model) = (env, model);
        GenerationSettings.CheckNames(outputColumnName, seedColumnName, classColumnName);
        _options = GenerationCheck.Resolve(options, model, classColumnName);
        _settings = new(outputColumnName, seedColumnName, classColumnName, StoredGeneration.Of(_options, model));
    }

    /// <exception cref="ArgumentOutOfRangeException">The seed column or the class column is missing or of a wrong type.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public GenerationTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var transformer = new GenerationTransformer(_env, _model.ConditionedOn(null), _settings, _options);
        try
        {
            transformer.GetOutputSchema(input.Schema);
            return transformer;
        }
        catch
        {
            transformer.Dispose();
            throw;
        }
    }

    /// <exception cref="ArgumentOutOfRangeException">The seed column or the class column is missing or of a wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        new SeedColumn(_settings.SeedColumnName).Check(inputSchema);
        if (_settings.ClassColumnName is { } name)
            new ClassColumn(name, _model.Model.Classes, _model.Settings.ClassNames).Check(inputSchema);
        return AddedImage.AppendTo(inputSchema, _settings.OutputColumnName, _model.ImageColumn);
    }
}
