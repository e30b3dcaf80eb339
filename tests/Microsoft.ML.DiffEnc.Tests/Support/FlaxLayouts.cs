using Microsoft.ML.DiffEnc.Persistence.Reference;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>From PyTorch's layouts back to Flax's: the inverse of what loading a checkpoint does.</summary>
internal static class FlaxLayouts
{
    public static Tensor ToFlax(this WeightLayout layout, Tensor ours) => layout switch
    {
        WeightLayout.Same => ours,
        WeightLayout.Dense => ours.t(),
        WeightLayout.PointwiseConvolution => ours.flatten(1).t(),
        WeightLayout.Convolution => ours.permute(2, 3, 1, 0),
        WeightLayout.TransposedConvolution => ours.permute(2, 3, 0, 1).flip(0, 1),
        _ => throw new ArgumentOutOfRangeException(nameof(layout)),
    };
}
