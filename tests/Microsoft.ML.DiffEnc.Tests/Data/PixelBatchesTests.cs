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
}
