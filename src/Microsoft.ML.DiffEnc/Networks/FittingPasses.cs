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
            return Pass(whole, network);
        while (true)
        {
            int most = Math.Min(_most, whole.Count);
            try
            {
                return ComputeSection.Repeatedly(() => InParts(whole, most, network));
            }
            catch (Exception e) when (most > 1 && OutOfMemory.Is(e))
            {
                _most = (most + 1) / 2;
            }
        }
    }

    private Tensor[] InParts(BatchSlice whole, int most, Func<BatchSlice, Tensor[]> network)
    {
        using var scope = NewDisposeScope();
        Tensor[][] parts = [.. whole.Cut(most).Select(some => Pass(some, network))];
        Tensor[] all = parts.Length == 1 ? parts[0] : [.. Enumerable.Range(0, parts[0].Length).Select(i => cat([.. parts.Select(p => p[i])]))];
        return Array.ConvertAll(all, t => t.MoveToOuterDisposeScope());
    }

    private Tensor[] Pass(BatchSlice some, Func<BatchSlice, Tensor[]> network)
    {
        using var scope = NewDisposeScope();
        Starting?.Invoke(some);
        return Array.ConvertAll(network(some), t => t.MoveToOuterDisposeScope());
    }
}
