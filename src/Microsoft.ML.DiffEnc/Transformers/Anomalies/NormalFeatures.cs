using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>The features of normal images as a safetensors entry of a model file.</summary>
internal static class NormalFeatures
{
    private const string Points = "points", Mean = "mean", Scale = "scale", Basis = "basis", Own = "own";

    public static void Write(Stream stream, NearestNeighbours features)
    {
        using var scope = NewDisposeScope();
        var space = features.Space;
        var parts = new Dictionary<string, Tensor>
        {
            [Points] = tensor(features.Points, [features.Count, features.Dimensions]),
            [Own] = tensor(features.Own),
            [Mean] = tensor(space.Mean),
            [Scale] = tensor(space.Scale),
        };
        if (space.Basis.Length > 0)
            parts[Basis] = tensor(space.Basis, [space.Basis.Length / space.Features, space.Features]);
        Safetensors.Write(stream, parts);
    }

    /// <summary>Reads what <see cref="Write"/> has written.</summary>
    /// <exception cref="InvalidDataException">The entry is damaged, or its parts do not belong together.</exception>
    public static NearestNeighbours Read(Stream stream)
    {
        using var content = Safetensors.Read(stream);
        float[] Values(string name, int dimensions)
            => content.Tensors.TryGetValue(name, out var values) && values.dtype == ScalarType.Float32 && values.dim() == dimensions
                ? values.data<float>().ToArray()
                : throw new InvalidDataException($"The normal images' features lack '{name}', or it is no float tensor of {dimensions} dimensions.");
        float[] points = Values(Points, 2), mean = Values(Mean, 1), scale = Values(Scale, 1);
        // The first detectors had no distances of the points' own.
        bool isFirst = !content.Tensors.ContainsKey(Own);
        float[] basis = content.Tensors.ContainsKey(Basis) ? Values(Basis, 2) : [];
        var space = new FeatureSpace(mean, scale, basis);
        long coordinates = content.Tensors[Points].size(1);
        bool fits = mean.Length > 0 && scale.Length == mean.Length && scale.All(s => s > 0) && mean.All(float.IsFinite) && basis.All(float.IsFinite)
            && basis.Length % mean.Length == 0 && coordinates == space.Dimensions && points.All(float.IsFinite)
            && points.Length / coordinates > NearestNeighbours.Neighbours;
        if (fits)
        {
            float[] own = isFirst ? [.. Enumerable.Repeat(MathF.Sqrt(mean.Length), points.Length / mean.Length)] : Values(Own, 1);
            if (own.Length == points.Length / coordinates && own.All(d => d > 0 && float.IsFinite(d)))
                return new(space, points, own);
        }
        throw new InvalidDataException("The normal images' features do not belong together, or are no numbers.");
    }
}
