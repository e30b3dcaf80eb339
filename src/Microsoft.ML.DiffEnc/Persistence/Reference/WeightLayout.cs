namespace Microsoft.ML.DiffEnc.Persistence.Reference;

/// <summary>How a parameter is laid out in Flax, and thereby what it takes to give it PyTorch's layout.</summary>
internal enum WeightLayout
{
    /// <summary>Biases, normalisation scales: the same in both.</summary>
    Same,

    /// <summary>Dense kernel (in, out); PyTorch (out, in).</summary>
    Dense,

    /// <summary>Dense kernel (in, out) that PyTorch holds as a 1×1 convolution (out, in, 1, 1).</summary>
    PointwiseConvolution,

    /// <summary>Convolution kernel (height, width, in, out); PyTorch (out, in, height, width).</summary>
    Convolution,

    /// <summary>
    /// Transposed convolution kernel (height, width, in, out); PyTorch (in, out, height, width) and flipped in height and width,
    /// because <c>lax.conv_transpose</c> correlates the kernel with the zero-stuffed input instead of transposing a convolution.
    /// </summary>
    TransposedConvolution,
}
