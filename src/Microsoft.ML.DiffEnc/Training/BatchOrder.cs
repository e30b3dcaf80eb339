using Microsoft.ML.DiffEnc.Diffusion;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>
/// Which images are in which batch: every epoch in a new order, batches running on from one epoch into the next so that no image is
/// left out. A function of seed and step alone: a resumed training goes on where it was.
/// </summary>
internal sealed class BatchOrder(int images, int batchSize, ulong seed)
{
    private readonly int[] _order = new int[images];
    private long _epoch = -1;

    /// <summary>Fills <paramref name="batch"/> with the images of a step, 0-based.</summary>
    public void Fill(long step, Span<int> batch)
    {
        for (int i = 0; i < batch.Length; i++)
        {
            long position = step * batchSize + i;
            Shuffle(position / images);
            batch[i] = _order[position % images];
        }
    }

    private void Shuffle(long epoch)
    {
        if (epoch == _epoch)
            return;
        _epoch = epoch;
        for (int i = 0; i < images; i++)
        {
            int j = (int)(Seeds.Mix(seed, (ulong)epoch, (ulong)i) % (ulong)(i + 1));
            _order[i] = _order[j];
            _order[j] = i;
        }
    }
}
