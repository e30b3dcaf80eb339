using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks.Kernels;

/// <summary>One call of a kernel: its result, and the gradients that are computed by hand. Neither has a graph of its own.</summary>
internal interface IKernelCall
{
    /// <summary>How many of the inputs, the last ones, the backward pass does not need: they are not kept for it.</summary>
    int ForwardOnly => 0;

    /// <param name="inputs">What the kernel is given.</param>
    /// <returns>One tensor, or several of one shape.</returns>
    List<Tensor> Forward(IReadOnlyList<Tensor> inputs);

    /// <param name="inputs">The same again, but for <see cref="ForwardOnly"/>.</param>
    /// <param name="gradients">Of what the forward pass returned.</param>
    /// <returns>The gradients of all inputs; <see langword="null"/> stands for one that nobody needs.</returns>
    List<Tensor?> Backward(IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor> gradients);
}
