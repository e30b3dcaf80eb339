using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>One tree of arrays in a checkpoint, with an array for each weight: the weights, their average, or a moment of the optimiser.</summary>
/// <param name="checkpointPath">The checkpoint, for messages.</param>
/// <param name="key">The tree's place in it, for messages.</param>
/// <param name="leaves">The tree.</param>
internal sealed class ReferenceWeights(string checkpointPath, string key, Dictionary<FlaxPath, FlaxNode> leaves)
{
    private const int ProblemsListed = 10;

    /// <summary>An array of the tree, or <see langword="null"/>.</summary>
    public FlaxArray? Find(FlaxPath path) => leaves.GetValueOrDefault(path) as FlaxArray;

    /// <summary>
    /// Requires that the tree has all the parameters, nothing else, and each with its shape: before a model is made, lest a configuration that
    /// asks for a huge one gets it without the weights for it.
    /// </summary>
    /// <param name="parameters">Those of the configured model.</param>
    /// <param name="configPath">The configuration, for messages.</param>
    /// <exception cref="InvalidDataException">
    /// Parameters are missing, left over, of another shape or element type. The message names them, up to ten, by their Flax paths.
    /// </exception>
    public void RequireFitting(IReadOnlyList<ReferenceParameter> parameters, string configPath) => Refuse(Mismatches(parameters), configPath);

    /// <summary>The arrays in PyTorch's layouts by our names, contiguous; they belong to the caller's dispose scope. They must fit.</summary>
    /// <exception cref="InvalidDataException">Values are not finite; the message names them.</exception>
    public Dictionary<string, Tensor> ToTensors(IReadOnlyList<ReferenceParameter> parameters, string configPath)
    {
        NativeBackend.EnsureLoaded();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        List<string> notFinite = [];
        foreach (ReferenceParameter parameter in parameters)
        {
            using var scope = NewDisposeScope();
            Tensor flax = ((FlaxArray)leaves[parameter.Path]).ToTensor();
            if (!flax.isfinite().all().item<bool>())
                notFinite.Add($"'{parameter.Path}' has values that are NaN or infinite");
            tensors.Add(parameter.Name, parameter.Layout.ToTorch(flax).contiguous().MoveToOuterDisposeScope());
        }
        Refuse(notFinite, configPath);
        return tensors;
    }

    private IEnumerable<string> Mismatches(IReadOnlyList<ReferenceParameter> parameters)
    {
        HashSet<FlaxPath> unknown = [.. leaves.Keys];
        foreach (ReferenceParameter parameter in parameters.OrderBy(parameter => parameter.Path))
        {
            unknown.Remove(parameter.Path);
            string expected = FlaxArray.Format(parameter.Shape);
            switch (leaves.GetValueOrDefault(parameter.Path))
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
            yield return $"'{path}' ({leaves[path]}) belongs to nothing in the configured model";
    }

    private void Refuse(IEnumerable<string> problems, string configPath)
    {
        List<string> all = [.. problems];
        if (all.Count == 0)
            return;
        List<string> lines =
        [
            $"{key} of '{checkpointPath}' does not fit '{configPath}'. "
                + "Check that the two belong together and that width and height are those of the training images.",
            .. all.Take(ProblemsListed),
        ];
        if (all.Count > ProblemsListed)
            lines.Add($"… and {all.Count - ProblemsListed} more");
        throw new InvalidDataException(string.Join($"{Environment.NewLine}  ", lines));
    }
}
