using System.Buffers;
using Microsoft.ML.DiffEnc.Diffusion;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>Loads the models that the paper's authors trained: a Flax training state and the JSON configuration of the model.</summary>
internal static class ReferenceCheckpoint
{
    private const int ProblemsListed = 10;

    private static readonly FlaxPath OutputBias = new("score_model", "conv_out", "bias");

    /// <summary>
    /// Builds the configured model and gives it the checkpoint's moving-average weights, <c>ema_params</c>, which the authors sample and
    /// evaluate with.
    /// Channels come from the checkpoint; weights are rounded to the model's float32 where they are stored as float64.
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
        Dictionary<FlaxPath, FlaxNode> weights = ReadWeights(checkpointPath, weightsKey);
        if (weights.GetValueOrDefault(OutputBias) is not FlaxArray { Shape: [(1 or 3) and var channels] })
        {
            throw new InvalidDataException(
                $"'{checkpointPath}' holds no diffusion model: {weightsKey} has no fitting '{OutputBias}', which says whether its images have 1 or 3 channels.");
        }
        ModelDescription description = ReferenceConfig.Read(configPath, width, height, (int)channels);
        if (ModelDescriptionCheck.Problem(description) is { } problem)
            throw new InvalidDataException($"'{configPath}', given for '{checkpointPath}' and images of {width}×{height}, describes {problem}");
        IReadOnlyList<ReferenceParameter> parameters = ReferenceParameterMap.Of(description);

        // Before the model is made: a configuration that asks for a huge one must find its weights in the file first.
        Refuse(Mismatches(parameters, weights), checkpointPath, configPath, weightsKey);

        DiffEncModel model = DiffEncModel.Create(description);
        try
        {
            Refuse(Assign(parameters, weights, model), checkpointPath, configPath, weightsKey);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static Dictionary<FlaxPath, FlaxNode> ReadWeights(string path, string key)
    {
        ReadOnlySequence<byte> document = CheckpointBytes.Read(path);
        FlaxMap state;
        try
        {
            state = FlaxMsgpack.Read(document);
        }
        catch (InvalidDataException refused)
        {
            throw new InvalidDataException($"'{path}': {refused.Message}", refused);
        }
        if (state.Children.GetValueOrDefault(key) is not FlaxMap weights)
        {
            string found = string.Join(", ", state.Children.Keys.Take(ProblemsListed).Select(name => $"'{name}'"));
            throw new InvalidDataException(
                $"'{path}' has no '{key}'; its top level has {found}. Expected a training state as the authors' code saves it.");
        }
        return weights.Leaves().ToDictionary();
    }

    private static IEnumerable<string> Mismatches(IReadOnlyList<ReferenceParameter> parameters, Dictionary<FlaxPath, FlaxNode> weights)
    {
        HashSet<FlaxPath> unknown = [.. weights.Keys];
        foreach (ReferenceParameter parameter in parameters.OrderBy(parameter => parameter.Path))
        {
            unknown.Remove(parameter.Path);
            string expected = FlaxArray.Format(parameter.Shape);
            switch (weights.GetValueOrDefault(parameter.Path))
            {
                case null:
                    yield return $"'{parameter.Path}' is missing, expected {expected}";
                    break;
                case FlaxArray { WeightType: null } array:
                    yield return $"'{parameter.Path}' is {array}, expected float32 or float64";
                    break;
                case FlaxArray array when !array.Shape.SequenceEqual(parameter.Shape):
                    yield return $"'{parameter.Path}' has shape {FlaxArray.Format(array.Shape)}, expected {expected}";
                    break;
                case FlaxScalar scalar:
                    yield return $"'{parameter.Path}' is {scalar}, expected an array {expected}";
                    break;
            }
        }
        foreach (FlaxPath path in unknown.Order())
            yield return $"'{path}' ({weights[path]}) belongs to nothing in the configured model";
    }

    private static List<string> Assign(IReadOnlyList<ReferenceParameter> parameters, Dictionary<FlaxPath, FlaxNode> weights, DiffEncModel model)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Dictionary<string, Tensor> targets = model.NamedParameters.ToDictionary();
        List<string> notFinite = [];
        foreach (ReferenceParameter parameter in parameters)
        {
            using var perParameter = NewDisposeScope();
            if (!targets.Remove(parameter.Name, out Tensor? target))
                throw new InvalidOperationException($"The model has no parameter '{parameter.Name}' for '{parameter.Path}'.");
            Tensor flax = ((FlaxArray)weights[parameter.Path]).ToTensor();
            if (!flax.isfinite().all().item<bool>())
                notFinite.Add($"'{parameter.Path}' has values that are NaN or infinite");
            Tensor value = parameter.Layout.ToTorch(flax);
            if (!value.shape.SequenceEqual(target.shape))
            {
                throw new InvalidOperationException(
                    $"'{parameter.Name}' has shape {FlaxArray.Format(target.shape)}, but '{parameter.Path}' gives {FlaxArray.Format(value.shape)}.");
            }
            target.copy_(value);
        }
        if (targets.Count > 0)
            throw new InvalidOperationException($"No reference parameter is mapped to {string.Join(", ", targets.Keys)}.");
        return notFinite;
    }

    private static void Refuse(IEnumerable<string> problems, string checkpointPath, string configPath, string weightsKey)
    {
        List<string> all = [.. problems];
        if (all.Count == 0)
            return;
        List<string> lines =
        [
            $"{weightsKey} of '{checkpointPath}' does not fit '{configPath}'. "
                + "Check that the two belong together and that width and height are those of the training images.",
            .. all.Take(ProblemsListed),
        ];
        if (all.Count > ProblemsListed)
            lines.Add($"… and {all.Count - ProblemsListed} more");
        throw new InvalidDataException(string.Join($"{Environment.NewLine}  ", lines));
    }
}
