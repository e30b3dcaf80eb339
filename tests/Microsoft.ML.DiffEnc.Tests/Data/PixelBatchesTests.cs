using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Runtime;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

public class PixelBatchesTests
{
    private static readonly ImageColumn _column = new("Image", 8, 8, 1);
    private readonly MLContext _ml = new(seed: 1);

    private IHost Host => ((IHostEnvironment)_ml).Register("test");

    [Fact]
    public void Every_image_comes_once_and_in_order_the_last_few_too()
    {
        var buffer = new byte[4 * 64 + 5];
        var counts = new List<int>();
        var all = new List<byte>();
        foreach (int count in PixelBatches.Read(Host, _ml.Data.LoadFromEnumerable(Pictures.VectorRows(10)), _column, buffer, default))
        {
            counts.Add(count);
            all.AddRange(buffer.AsSpan(0, count * 64));
        }
        Assert.Equal([4, 4, 2], counts);
        Assert.Equal(Enumerable.Range(0, 10).SelectMany(i => Pictures.Pixels(i)), all);
    }

    [Fact]
    public void A_sample_is_drawn_from_all_rows_alike_and_without_replacement()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Pictures.VectorRows(10));
        var times = new int[10];
        for (int seed = 0; seed < 400; seed++)
        {
            byte[] sample = PixelBatches.Sample(Host, data, _column, 3, seed, default);
            int[] rows = [.. sample.Chunk(64).Select(p => Enumerable.Range(0, 10).Single(i => p.SequenceEqual(Pictures.Pixels(i))))];
            Assert.Equal(3, rows.Distinct().Count());
            foreach (int row in rows)
                times[row]++;
        }
        Assert.All(times, n => Assert.InRange(n, 120 - 46, 120 + 46)); // binomial, 400 tries with 3/10: 5 standard deviations
    }

    [Fact]
    public void A_sample_of_more_than_there_are_is_all()
        => Assert.Equal(
            Enumerable.Range(0, 3).SelectMany(i => Pictures.Pixels(i)),
            PixelBatches.Sample(Host, _ml.Data.LoadFromEnumerable(Pictures.VectorRows(3)), _column, 9, 1, default));
}
