using Microsoft.ML.DiffEnc.Training;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Training;

public class BatchOrderTests
{
    private static int[] Batch(BatchOrder order, int step, int size)
    {
        var batch = new int[size];
        order.Fill(step, batch);
        return batch;
    }

    [Theory]
    [InlineData(10, 4)]
    [InlineData(7, 7)]
    [InlineData(5, 12)] // a batch of more than two epochs
    public void Every_image_comes_once_in_every_epoch_and_none_is_left_out(int images, int batchSize)
    {
        var order = new BatchOrder(images, batchSize, seed: 3);
        var stream = Enumerable.Range(0, images * 3).SelectMany(step => Batch(order, step, batchSize)).ToArray();
        foreach (var epoch in stream.Chunk(images).Where(e => e.Length == images))
            Assert.Equal(Enumerable.Range(0, images), epoch.Order());
    }

    [Fact]
    public void Order_changes_from_epoch_to_epoch_and_with_the_seed()
    {
        var order = new BatchOrder(50, 50, seed: 3);
        var first = Batch(order, 0, 50);
        Assert.NotEqual(Enumerable.Range(0, 50), first);
        Assert.NotEqual(first, Batch(order, 1, 50));
        Assert.NotEqual(first, Batch(new BatchOrder(50, 50, seed: 4), 0, 50));
    }

    [Fact]
    public void A_step_has_the_same_batch_whatever_came_before()
    {
        var straight = new BatchOrder(20, 6, seed: 3);
        for (int step = 0; step < 9; step++)
            Batch(straight, step, 6);
        Assert.Equal(Batch(straight, 9, 6), Batch(new BatchOrder(20, 6, seed: 3), 9, 6));
    }

    [Fact]
    public void Places_are_equally_likely()
    {
        // How often image 0 comes first in 6 images, over 6000 epochs: 1000 ± 29.
        var order = new BatchOrder(6, 6, seed: 1);
        int first = Enumerable.Range(0, 6000).Count(step => Batch(order, step, 6)[0] == 0);
        Assert.InRange(first, 1000 - 5 * 29, 1000 + 5 * 29);
    }
}
