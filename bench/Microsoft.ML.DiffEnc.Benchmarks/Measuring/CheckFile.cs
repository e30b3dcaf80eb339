using System.Text;
using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks.Measuring;

/// <summary>
/// Weights, inputs, and the losses and gradients that we compute from them, for another implementation to compare its own with.
/// </summary>
internal static class CheckFile
{
    private const int Images = 2;

    /// <param name="path">The safetensors file.</param>
    /// <param name="description">The model.</param>
    /// <param name="asTrained">
    /// Whether losses and gradients are computed as in training: in single precision, with what is used only there. Otherwise in double precision, where
    /// what differs is a difference, not rounding.
    /// </param>
    public static void Write(string path, ModelDescription description, bool asTrained)
    {
        var type = asTrained ? float32 : float64;
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        using var model = DiffEncModel.Create(description, seed: 1);
        model.To(type);
        model.FirstDerivativesOnly = asTrained;
        using (no_grad())
        {
            // Many weights start at zero, and nothing would be seen of what they multiply.
            foreach (var (_, weight) in model.NamedParameters.OrderBy(p => p.Key, StringComparer.Ordinal))
                weight.add_(0.05 * randn(weight.shape, dtype: type, generator: generator));
        }
        long[] shape = [Images, description.Channels, description.Height, description.Width];
        var inputs = new Dictionary<string, Tensor>
        {
            ["images"] = randint(256, shape, dtype: uint8, generator: generator),
            ["times"] = rand(Images, dtype: float64, generator: generator),
            ["eps0"] = randn(shape, dtype: type, generator: generator),
            ["eps"] = randn(shape, dtype: type, generator: generator),
        };
        var (reconstruction, latent, diffusion) = model.Bound(inputs["images"], inputs["times"], inputs["eps0"], inputs["eps"]);
        ((reconstruction + latent + diffusion).mean() / description.NatsPerBitPerDimension).backward();
        var losses = new Dictionary<string, Tensor> { ["reconstruction"] = reconstruction, ["latent"] = latent, ["diffusion"] = diffusion };
        var weights = model.NamedParameters;
        var gradients = weights.ToDictionary(p => p.Key, p => p.Value.grad!);

        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (prefix, part) in new (string, IEnumerable<KeyValuePair<string, Tensor>>)[]
            { ("weights.", weights), ("inputs.", inputs), ("losses.", losses), ("gradients.", gradients) })
            foreach (var (name, tensor) in part)
                tensors.Add(prefix + name, tensor);
        var metadata = new Dictionary<string, string> { ["model"] = Encoding.UTF8.GetString(ModelFile.Describe(description)) };
        using var file = File.Create(path);
        Safetensors.Write(file, tensors, metadata);
    }
}
