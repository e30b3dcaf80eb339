using Microsoft.ML.DiffEnc.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.Runtime;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Data;

public class PixelTableTests
{
    private static readonly ImageColumn _column = new("Image", 8, 8, 1);
    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void Every_row_is_held_in_order()
    {
        PixelTable table = Load(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(100)));
        Assert.Equal((100, 64), (table.Count, table.ValuesPerImage));
        for (int i = 0; i < 100; i++)
            Assert.Equal(Pictures.Pixels(i), table[i].ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => table[100].Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => table[-1].Length);
    }

    [Fact]
    public void Rows_are_gathered_in_any_order()
    {
        PixelTable table = Load(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(10)));
        var pixels = new byte[3 * 64];
        table.Gather([7, 0, 7], pixels);
        Assert.Equal([.. Pictures.Pixels(7), .. Pictures.Pixels(0), .. Pictures.Pixels(7)], pixels);
    }

    [Fact]
    public void Images_beyond_the_first_block_are_held_too()
    {
        // An image of 4 MB: four fit into a block.
        const int side = 2048;
        byte[] grey = new byte[side * side];
        IEnumerable<LargeRow> Rows()
        {
            for (byte i = 0; i < 9; i++)
            {
                grey[17] = i;
                yield return new LargeRow { Image = grey };
            }
        }
        PixelTable table = Load(_ml.Data.LoadFromEnumerable(Rows()), new ImageColumn("Image", side, side, 1));
        Assert.Equal(9, table.Count);
        for (int i = 0; i < 9; i++)
            Assert.Equal(i, table[i][17]);
    }

    [Fact]
    public void Empty_data_are_refused()
    {
        var error = Assert.Throws<InvalidOperationException>(() => Load(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(0))));
        Assert.Contains("no rows", error.Message, StringComparison.Ordinal);
        Assert.Contains("'Image'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Loading_can_be_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        IEnumerable<VectorRow> rows = Pictures.VectorRows(100).Select(row =>
        {
            if (row.Number == 50)
                cancellation.Cancel();
            Assert.True(row.Number <= 51);
            return row;
        });
        Assert.Throws<OperationCanceledException>(() => Load(_ml.Data.LoadFromEnumerable(rows), _column, cancellation.Token));
    }

    private PixelTable Load(IDataView data, ImageColumn? column = null, CancellationToken cancellation = default)
        => PixelTable.Load(((IHostEnvironment)_ml).Register("test"), data, column ?? _column, cancellation);

    private sealed class LargeRow
    {
        [ML.Data.VectorType(2048 * 2048)]
        public byte[] Image { get; set; } = [];
    }
}
