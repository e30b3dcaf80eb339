using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Ranks;

/// <summary>Data that a group takes apart is put together again.</summary>
internal static class ViewCheck
{
    public static void Run(RankGroup group)
    {
        foreach (int rows in (int[])[10, 1])
        {
            var ml = new MLContext();
            var all = ml.Transforms.Conversion.MapValueToKey("Class")
                .Fit(Data(ml, rows)).Transform(Data(ml, rows));
            var mine = group.Shard(all);
            int share = mine.GetColumn<float>(nameof(Row.Number)).Count();
            Assert.InRange(share, rows / group.Size, rows / group.Size + 1);

            var gathered = group.Gather(mine);
            var read = ml.Data.CreateEnumerable<Keyed>(gathered, reuseRowObject: false).ToArray();
            Assert.Equal(Enumerable.Range(0, rows), read.Select(row => (int)row.Number));
            Assert.Equal(Enumerable.Range(0, rows).Select(i => $"{i} words"), read.Select(row => row.Text));
            Assert.Equal(Enumerable.Range(0, rows).Select(i => (uint)(i % 3 + 1)), read.Select(row => row.Class));
            Assert.All(read, row => Assert.Equal([row.Number, 1], row.Vector));
        }
    }

    private static IDataView Data(MLContext ml, int rows) => ml.Data.LoadFromEnumerable(
        Enumerable.Range(0, rows).Select(i => new Row { Number = i, Text = $"{i} words", Class = $"c{i % 3}", Vector = [i, 1] }));

    private sealed class Row
    {
        public float Number { get; set; }
        public string Text { get; set; } = "";
        public string Class { get; set; } = "";

        [VectorType(2)]
        public float[] Vector { get; set; } = [];
    }

    private sealed class Keyed
    {
        public float Number { get; set; }
        public string Text { get; set; } = "";

        [KeyType(3)]
        public uint Class { get; set; }

        [VectorType(2)]
        public float[] Vector { get; set; } = [];
    }
}
