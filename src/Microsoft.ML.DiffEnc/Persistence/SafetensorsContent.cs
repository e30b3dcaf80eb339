using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Persistence;

/// <summary>What a safetensors file holds. Its tensors belong to it, and to no dispose scope.</summary>
/// <param name="tensors">By name, on the CPU.</param>
/// <param name="metadata">The text that belongs to them.</param>
internal sealed class SafetensorsContent(Dictionary<string, Tensor> tensors, Dictionary<string, string> metadata) : IDisposable
{
    public IReadOnlyDictionary<string, Tensor> Tensors => tensors;

    public IReadOnlyDictionary<string, string> Metadata => metadata;

    public void Dispose()
    {
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
    }
}
