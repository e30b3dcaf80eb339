using Microsoft.ML.DiffEnc.Interop;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// Evaluates a network on all images of a batch at once or, from the moment that memory runs out, on no more of them than fitted. How many fit is found
/// by halving and kept for the evaluations that follow. Where a graph is recorded nothing is divided: it would hold on to what each part has computed.
/// </summary>
internal sealed class FittingPasses
{
    private int _most = int.MaxValue;

    /// <summary>Told of the images of each pass before it starts.</summary>
    public Action<BatchSlice>? Starting { get; set; }

    /// <param name="images">The number of images, at least 1.</param>
    /// <param name="network">Computes some of them: the same tensors whichever they are, each with a row for each image.</param>
    /// <returns>The tensors, with the rows of all images.</returns>
    public Tensor[] Of(long images, Func<BatchSlice, Tensor[]> network)
    {
        var whole = BatchSlice.Whole((int)images);
        if (is_grad_enabled())
            return Pass(whole);
        while (true)
        {
            int most = Math.Min(_most, whole.Count);
            try
            {
                return ComputeSection.Repeatedly(() => whole.InPieces(most, Pass));
            }
            catch (Exception e) when (most > 1 && OutOfMemory.Is(e))
            {
                _most = (most + 1) / 2;
            }
        }

        Tensor[] Pass(BatchSlice some)
        {
            Starting?.Invoke(some);
            return network(some);
        }
    }
}
