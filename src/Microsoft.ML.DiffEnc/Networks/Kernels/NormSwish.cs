using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>What a kernel needs to know of m · swish(group norm): its weights and settings.</summary>
/// <param name="Weight">The scale, [C].</param>
/// <param name="Bias">The offset, [C].</param>
/// <param name="Groups">Groups of channels that share a mean and a deviation.</param>
/// <param name="Epsilon">Added to the variance.</param>
/// <param name="Mask">A dropout mask behind the swish; <see langword="null"/>: none.</param>
internal readonly record struct NormSwish(Tensor Weight, Tensor Bias, int Groups, double Epsilon, DropoutMask? Mask);
