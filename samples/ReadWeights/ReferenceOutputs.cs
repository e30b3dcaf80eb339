using System.Text.Json;
using Microsoft.ML.DiffEnc;
using static TorchSharp.torch;

namespace ReadWeights;

/// <summary>Inputs and outputs of a model's networks, for another program to compare its own with.</summary>
internal static class ReferenceOutputs
{
    private const int Images = 3;

    /// <param name="path">The JSON file.</param>
    /// <param name="model">The model.</param>
    /// <param name="width">Width of its images.</param>
    /// <param name="height">Height of its images.</param>
    public static void Write(string path, DiffEncModel model, int width, int height)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var generator = new Generator(1);
        long channels = model.NamedParameters["denoiser.conv_out.bias"].size(0);
        var z = randn([Images, channels, height, width], generator: generator);
        var image = 2 * rand(z.shape, generator: generator) - 1;
        var gamma = model.Gamma(linspace(0.1, 0.9, Images, dtype: float64));
        var outputs = new Dictionary<string, object>
        {
            ["shape"] = z.shape,
            ["z"] = Numbers(z),
            ["image"] = Numbers(image),
            ["gamma"] = Numbers(gamma),
            ["denoised"] = Numbers(model.Denoise(z, gamma)),
            ["encoder_output"] = Numbers(model.EncoderOutput(image, gamma).Value),
        };
        File.WriteAllText(path, JsonSerializer.Serialize(outputs));
    }

    private static float[] Numbers(Tensor tensor) => tensor.to(float32).cpu().contiguous().data<float>().ToArray();
}
