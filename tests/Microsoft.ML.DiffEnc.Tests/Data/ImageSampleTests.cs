using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Runtime;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

public class ImageSampleTests
{
    private readonly MLContext _ml = new(seed: 1);

    private int[] Rows(int of, int most, int seed)
    {
        var data = _ml.Data.LoadFromEnumerable(Pictures.VectorRows(of).ToArray());
        var column = new ImageColumn("Image", 8, 8, 1, PixelLayout.ChannelsFirst);
        var (images, _) = ImageSample.Load(((IHostEnvironment)_ml).Register("test"), data, column, labels: null, most, seed, CancellationToken.None);
        byte[][] all = [.. Enumerable.Range(0, of).Select(i => Pictures.Pixels(i))];
        return [.. images.Select(image => Array.FindIndex(all, a => a.SequenceEqual(image)))];
    }

    [Fact]
    public void All_images_are_taken_where_there_are_few() => Assert.Equal([0, 1, 2, 3], Rows(of: 4, most: 10, seed: 1));

    [Fact]
    public void Of_many_every_row_has_the_same_chance()
    {
        var counts = new int[30];
        for (int seed = 0; seed < 200; seed++)
        {
            int[] chosen = Rows(of: 30, most: 5, seed);
            Assert.Equal(5, chosen.Distinct().Count());
            foreach (int row in chosen)
                counts[row]++;
        }
        Assert.All(counts, count => Assert.InRange(count, 33.3 - 4 * 5.3, 33.3 + 4 * 5.3)); // binomial, 200 of 1/6
    }
}
