using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Small models for tests, and the perturbation that wakes their zero-initialised weights.</summary>
internal static class Models
{
    public static ModelDescription Describe(EncoderKind encoder, int size = 8, int channels = 1, EncoderLayout layout = EncoderLayout.Plain) => new()
    {
        Width = size,
        Height = size,
        Channels = channels,
        Encoder = encoder,
        EncoderLayout = layout,
        Denoiser = NetworkSize.Of(16, 1, 32),
        EncoderNetwork = encoder == EncoderKind.Trainable ? NetworkSize.Of(16, 2, 16) : null,
    };

    public static DiffEncModel Create(ModelDescription description, bool perturbed = true, ScalarType dtype = ScalarType.Float64)
    {
        var model = DiffEncModel.Create(description, seed: 3);
        model.To(dtype);
        if (perturbed)
            Perturb(model);
        return model;
    }

    /// <summary>Adds noise to every weight: zero-initialised ones would hide what stands behind them.</summary>
    public static void Perturb(DiffEncModel model, double scale = 0.05)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var generator = new Generator(11);
        foreach (var (_, weight) in model.NamedParameters.OrderBy(p => p.Key, StringComparer.Ordinal))
            weight.add_(randn(weight.shape, dtype: weight.dtype, generator: generator) * scale);
    }

    public static Tensor Images(DiffEncModel model, long count, ulong seed = 5)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        var d = model.Description;
        return (rand([count, d.Channels, d.Height, d.Width], generator: generator) * 256).floor().to(uint8).MoveToOuterDisposeScope();
    }

    public static Tensor Noise(DiffEncModel model, long count, ulong seed)
    {
        using var generator = new Generator(seed);
        var d = model.Description;
        return randn([count, d.Channels, d.Height, d.Width], dtype: model.DataType, generator: generator);
    }

    /// <summary>What a failed comparison of two short vectors shows.</summary>
    public static string Compare(Tensor expected, Tensor actual)
        => $"expected {string.Join(", ", expected.data<double>())}; found {string.Join(", ", actual.data<double>())}";
}
