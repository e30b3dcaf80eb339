using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>The features of normal images as a safetensors entry of the model file.</summary>
internal static class NormalFeatures
{
    private const string Points = "points", Mean = "mean", Scale = "scale";

    public static void Write(Stream stream, NearestNeighbours features)
    {
        using var scope = NewDisposeScope();
        Safetensors.Write(stream, new Dictionary<string, Tensor>
        {
            [Points] = tensor(features.Points, [features.Count, features.Dimensions]),
            [Mean] = tensor(features.Mean),
            [Scale] = tensor(features.Scale),
        });
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
        var features = new NearestNeighbours(Values(Points, 2), Values(Mean, 1), Values(Scale, 1));
        bool fits = features.Dimensions > 0 && features.Scale.Length == features.Dimensions && features.Scale.All(s => s > 0)
            && content.Tensors[Points].size(1) == features.Dimensions && features.Count > NearestNeighbours.Neighbours
            && features.Points.All(float.IsFinite) && features.Mean.All(float.IsFinite);
        return fits ? features : throw new InvalidDataException("The normal images' features do not belong together, or are no numbers.");
    }
}
