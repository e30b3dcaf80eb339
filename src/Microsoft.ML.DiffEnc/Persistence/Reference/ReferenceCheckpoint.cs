using Microsoft.ML.DiffEnc.Diffusion;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>Loads the models that the paper's authors trained: a Flax training state and the JSON configuration of the model.</summary>
internal static class ReferenceCheckpoint
{
    private static readonly FlaxPath OutputBias = new("score_model", "conv_out", "bias");

    /// <summary>
    /// Builds the configured model and gives it the checkpoint's moving-average weights, <c>ema_params</c>, which the authors sample and evaluate
    /// with. Channels come from the checkpoint; weights are rounded to the model's float32 where they are stored as float64.
    /// </summary>
    /// <param name="checkpointPath">The checkpoint, as saved by the authors' code or packed with gzip.</param>
    /// <param name="configPath">The model's configuration, <c>config_model_….json</c>.</param>
    /// <param name="width">Width of the images that the model was trained on.</param>
    /// <param name="height">Height of the images that the model was trained on.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, or the checkpoint does not fit the configuration: parameters are missing, left over, of another shape, of another
    /// element type or not finite. The message names them all, up to ten, by their Flax paths.
    /// </exception>
    /// <exception cref="NotSupportedException">The configuration asks for something that this library does not have.</exception>
    public static DiffEncModel Load(string checkpointPath, string configPath, int width, int height) =>
        Load(checkpointPath, configPath, width, height, "ema_params");

    /// <summary>As above, with the weights under the given key: <c>ema_params</c>, or <c>params</c> for those of the last training step.</summary>
    public static DiffEncModel Load(string checkpointPath, string configPath, int width, int height, string weightsKey)
    {
        ReferenceWeights weights = ReferenceFile.Read(checkpointPath).Weights(weightsKey);
        if (weights.Find(OutputBias) is not { Shape: [(1 or 3) and var channels] })
        {
            throw new InvalidDataException(
                $"'{checkpointPath}' holds no diffusion model: {weightsKey} has no fitting '{OutputBias}', which says whether its images have 1 or 3 channels.");
        }
        ModelDescription description = ReferenceConfig.Read(configPath, width, height, (int)channels);
        if (ModelDescriptionCheck.Problem(description) is { } problem)
            throw new InvalidDataException($"'{configPath}', given for '{checkpointPath}' and images of {width}×{height}, describes {problem}");
        IReadOnlyList<ReferenceParameter> parameters = ReferenceParameterMap.Of(description);
        weights.RequireFitting(parameters, configPath);

        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = weights.ToTensors(parameters, configPath);
        DiffEncModel model = DiffEncModel.CreateUnset(description);
        try
        {
            WeightCheck.ThrowUnlessMatching(model.NamedParameters, tensors);
            model.CopyFrom(tensors);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
