using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>Turns tensors between Flax's and PyTorch's layouts. Results are views where torch can give one.</summary>
internal static class WeightLayouts
{
    public static Tensor ToTorch(this WeightLayout layout, Tensor flax) => layout switch
    {
        WeightLayout.Same => flax.alias(),
        WeightLayout.Dense => flax.t(),
        WeightLayout.PointwiseConvolution => flax.t().unsqueeze(-1).unsqueeze(-1),
        WeightLayout.Convolution => flax.permute(3, 2, 0, 1),
        WeightLayout.TransposedConvolution => flax.flip(0, 1).permute(2, 3, 0, 1),
        _ => throw new ArgumentOutOfRangeException(nameof(layout)),
    };
}
