using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Persistence.Reference;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Tensors by our names as the trees of arrays that Flax saves.</summary>
internal static class FlaxTrees
{
    /// <summary>The arrays by their paths, in Flax's layouts.</summary>
    public static Dictionary<FlaxPath, FlaxDocument.Array> Of(ModelDescription description, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Dictionary<FlaxPath, FlaxDocument.Array> arrays = [];
        foreach (ReferenceParameter parameter in ReferenceParameterMap.Of(description))
        {
            Tensor flax = parameter.Layout.ToFlax(tensors[parameter.Name]).contiguous();
            arrays.Add(parameter.Path, new FlaxDocument.Array("float32", flax.shape, flax.bytes.ToArray()));
        }
        return arrays;
    }

    /// <summary>The same as maps within maps, for <see cref="FlaxDocument.Write"/>.</summary>
    public static Dictionary<string, object?> Nest(Dictionary<FlaxPath, FlaxDocument.Array> arrays)
    {
        Dictionary<string, object?> root = [];
        foreach ((FlaxPath path, FlaxDocument.Array array) in arrays)
        {
            Dictionary<string, object?> level = root;
            foreach (string key in path.Keys[..^1])
            {
                if (!level.TryGetValue(key, out object? child))
                    level.Add(key, child = new Dictionary<string, object?>());
                level = (Dictionary<string, object?>)child!;
            }
            level.Add(path.Keys[^1], array);
        }
        return root;
    }
}
