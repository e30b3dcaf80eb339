using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

/// <summary>
/// Consecutive images of a batch, which may be computed slice by slice, where memory is short or on several devices: what is random in a training step
/// depends on an image's place in the whole batch, and slices' gradients add up to the batch's.
/// </summary>
/// <param name="First">The place of the first image, 0-based.</param>
/// <param name="Count">The number of images, at least 1.</param>
/// <param name="Of">The images of the whole batch.</param>
internal readonly record struct BatchSlice(int First, int Count, int Of)
{
    public static BatchSlice Whole(int batch) => new(0, batch, batch);

    public bool IsWhole => Count == Of;

    /// <summary>The slice's part of the batch: the weight of its mean loss in the batch's.</summary>
    public double Share => (double)Count / Of;

    /// <summary>The slice in pieces of at most so many images.</summary>
    public IEnumerable<BatchSlice> Cut(int most)
    {
        for (int done = 0; done < Count; done += most)
            yield return this with { First = First + done, Count = Math.Min(most, Count - done) };
    }

    /// <summary>
    /// Computes tensors with a row for each image, in pieces of at most so many images, and joins them. What a piece needs on the way is freed with it.
    /// </summary>
    public Tensor[] InPieces(int most, Func<BatchSlice, Tensor[]> compute)
    {
        using var scope = NewDisposeScope();
        Tensor[][] pieces = [.. Cut(most).Select(Piece)];
        Tensor[] all = pieces.Length == 1 ? pieces[0] : [.. Enumerable.Range(0, pieces[0].Length).Select(i => cat([.. pieces.Select(p => p[i])]))];
        return Array.ConvertAll(all, t => t.MoveToOuterDisposeScope());

        Tensor[] Piece(BatchSlice piece)
        {
            using var temporary = NewDisposeScope();
            return Array.ConvertAll(compute(piece), t => t.MoveToOuterDisposeScope());
        }
    }

    /// <summary>The slice's part of a tensor of the whole batch, [Of, …]: a view, [Count, …]; the tensor itself, if the slice is whole.</summary>
    public Tensor View(Tensor batch) => IsWhole ? batch : batch.narrow(0, First, Count);
}
