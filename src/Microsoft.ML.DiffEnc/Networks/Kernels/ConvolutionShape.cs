using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>The shape of a 3×3 convolution that keeps the picture's size.</summary>
/// <param name="Images">Of a tensor.</param>
/// <param name="Inputs">Channels.</param>
/// <param name="Outputs">Channels.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Width">In pixels.</param>
internal readonly record struct ConvolutionShape(int Images, int Inputs, int Outputs, int Height, int Width)
{
    /// <param name="x">[B, C_in, H, W].</param>
    /// <param name="weight">[C_out, C_in, 3, 3].</param>
    public static ConvolutionShape Of(Tensor x, Tensor weight)
        => new((int)x.size(0), (int)weight.size(1), (int)weight.size(0), (int)x.size(2), (int)x.size(3));

    public int Filters => Inputs * Outputs;

    public int Pixels => Height * Width;

    /// <summary>Where a channel of an output image begins: a batch may have more elements than an <see cref="int"/> counts.</summary>
    public nint Output(int image, int channel) => ((nint)image * Outputs + channel) * Pixels;
}
