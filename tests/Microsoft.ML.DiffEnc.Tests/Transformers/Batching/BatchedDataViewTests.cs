using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Transformers.Batching;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Batching;

public class BatchedDataViewTests
{
    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void Rows_are_computed_in_batches_of_the_given_size_and_keep_their_columns()
    {
        var (view, mapper) = Create(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(150)));
        using DataViewRowCursor cursor = Assert.Single(view.GetRowCursorSet(view.Schema, 1));
        var getDouble = cursor.GetGetter<int>(view.Schema["Double"]);
        var getText = cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["Text"]);
        var getRagged = cursor.GetGetter<VBuffer<float>>(view.Schema["Ragged"]);
        var getId = cursor.GetIdGetter();
        Assert.Equal(-1, cursor.Position);
        for (int i = 0; i < 150; i++)
        {
            Assert.True(cursor.MoveNext());
            int twice = 0;
            ReadOnlyMemory<char> text = default;
            VBuffer<float> ragged = default;
            DataViewRowId id = default;
            getDouble(ref twice);
            getText(ref text);
            getRagged(ref ragged);
            getId(ref id);
            Assert.Equal((i, 2 * i, $"row {i}", i % 5, (ulong)i), ((int)cursor.Position, twice, text.ToString(), ragged.Length, id.Low));
        }
        Assert.False(cursor.MoveNext());
        Assert.Equal(-1, cursor.Position);
        Assert.False(cursor.MoveNext());
        Assert.Equal([64, 64, 22], mapper.Batches);
    }

    [Fact]
    public void Values_before_the_first_row_and_after_the_last_are_refused()
    {
        var (view, _) = Create(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(2)));
        using DataViewRowCursor cursor = view.GetRowCursor(view.Schema);
        var (getDouble, getText, getId) = (
            cursor.GetGetter<int>(view.Schema["Double"]), cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["Text"]), cursor.GetIdGetter());
        void Refused()
        {
            int twice = 0;
            ReadOnlyMemory<char> text = default;
            DataViewRowId id = default;
            foreach (Action get in new[] { () => getDouble(ref twice), () => getText(ref text), (Action)(() => getId(ref id)) })
                Assert.Contains("call MoveNext first", Assert.Throws<InvalidOperationException>(get).Message, StringComparison.Ordinal);
        }
        Refused();
        while (cursor.MoveNext())
            continue;
        Refused();
    }

    [Fact]
    public void Nothing_is_computed_when_no_added_column_is_active()
    {
        var (view, mapper) = Create(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(150)));
        Assert.Equal(150, view.GetColumn<string>("Text").Count());
        Assert.Empty(mapper.RowsByThread);
    }

    [Fact]
    public void Nothing_is_computed_when_an_active_column_is_not_asked_for()
    {
        var (view, mapper) = Create(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(150)));
        using (DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Double"]]))
            while (cursor.MoveNext())
            {
            }
        Assert.Equal(150, mapper.RowsByThread.Values.Sum());
        Assert.Empty(mapper.Batches);
    }

    [Fact]
    public void Only_one_batch_is_read_for_the_first_row()
    {
        var (view, mapper) = Create(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(1000)));
        using (DataViewRowCursor cursor = view.GetRowCursorSet([view.Schema["Double"]], 1)[0])
            Assert.True(cursor.MoveNext());
        Assert.Equal(64, mapper.RowsByThread.Values.Sum());
    }

    [Fact]
    public void An_added_column_hides_the_one_of_its_name_and_both_stay_readable()
    {
        var (view, _) = Create(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(70)));
        DataViewSchema.Column added = view.Schema["Number"], hidden = view.Schema.Single(c => c.Name == "Number" && c.IsHidden);
        using DataViewRowCursor cursor = view.GetRowCursorSet([added, hidden], 1)[0];
        var (getAdded, getHidden) = (cursor.GetGetter<int>(added), cursor.GetGetter<int>(hidden));
        for (int i = 0; i < 70; i++)
        {
            int a = 0, h = 0;
            Assert.True(cursor.MoveNext());
            getAdded(ref a);
            getHidden(ref h);
            Assert.Equal((-2 * i, i), (a, h));
        }
    }

    [Fact]
    public void Shuffled_rows_stay_together()
    {
        var (view, mapper) = Create(_ml.Data.Cache(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(300))));
        Assert.True(view.CanShuffle);
        var numbers = new List<int>();
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Text"], view.Schema["Double"]], new Random(3));
        var (getText, getDouble) = (cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["Text"]), cursor.GetGetter<int>(view.Schema["Double"]));
        while (cursor.MoveNext())
        {
            ReadOnlyMemory<char> text = default;
            int twice = 0;
            getText(ref text);
            getDouble(ref twice);
            Assert.Equal($"row {twice / 2}", text.ToString());
            numbers.Add(twice / 2);
        }
        Assert.NotEqual(Enumerable.Range(0, 300), numbers);
        Assert.Equal(Enumerable.Range(0, 300), numbers.Order());
        Assert.Equal(300, mapper.RowsByThread.Values.Sum());
    }

    [Fact]
    public void Parallel_cursors_share_out_every_row_and_one_cursor_puts_them_in_order()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(file, Enumerable.Range(0, 5000).Select(i => $"{i}\trow {i}"));
            var (view, mapper) = Create(_ml.Data.LoadFromTextFile(file, [new("Number", DataKind.Int32, 0), new("Text", DataKind.String, 1)]));
            DataViewRowCursor[] set = view.GetRowCursorSet([view.Schema["Double"]], 4);
            Assert.True(set.Length > 1);
            IEnumerable<int> all = set.AsParallel().WithDegreeOfParallelism(set.Length).SelectMany(cursor => ReadAll(cursor, view.Schema["Double"]));
            Assert.Equal(Enumerable.Range(0, 5000).Select(i => 2 * i), all.Order());

            mapper.RowsByThread.Clear();
            Assert.Equal(Enumerable.Range(0, 5000).Select(i => 2 * i), view.GetColumn<int>("Double"));
            Assert.Equal(5000, mapper.RowsByThread.Values.Sum());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Images_that_pass_through_are_those_of_their_row()
    {
        ImageRow[] rows = [.. Pictures.ImageRows(90)];
        rows[70].Image = null;
        var (view, mapper) = Create(_ml.Data.LoadFromEnumerable(rows));
        int i = 0;
        foreach (MLImage? image in view.GetColumn<MLImage?>("Image").Zip(view.GetColumn<int>("Double"), (image, _) => image))
        {
            if (i == 70)
                Assert.Null(image);
            else
                Assert.Equal(Pictures.Pixels(i)[5], image!.Pixels[4 * 5]);
            i++;
        }
        Assert.Equal(90, i);
        // What the caller made is still the caller's.
        Assert.Equal(8, rows[0].Image!.Width);
    }

    [Fact]
    public void Asking_for_an_inactive_column_or_the_wrong_type_says_so()
    {
        var (view, _) = Create(_ml.Data.LoadFromEnumerable(Pictures.VectorRows(3)));
        using DataViewRowCursor cursor = view.GetRowCursorSet([view.Schema["Double"]], 1)[0];
        Exception inactive = Assert.Throws<ArgumentException>(() => cursor.GetGetter<ReadOnlyMemory<char>>(view.Schema["Text"]));
        Assert.Contains("'Text' is not active", inactive.Message, StringComparison.Ordinal);
        Exception mistyped = Assert.Throws<InvalidOperationException>(() => cursor.GetGetter<float>(view.Schema["Double"]));
        Assert.Contains("'Double' has the type Int32", mistyped.Message, StringComparison.Ordinal);
    }

    private (BatchedDataView View, RecordingMapper Mapper) Create(IDataView data)
    {
        var mapper = new RecordingMapper(data.Schema);
        return (new BatchedDataView(_ml, data, mapper, batchSize: 64), mapper);
    }

    private static List<int> ReadAll(DataViewRowCursor cursor, DataViewSchema.Column column)
    {
        var values = new List<int>();
        using (cursor)
        {
            var get = cursor.GetGetter<int>(column);
            int value = 0;
            while (cursor.MoveNext())
            {
                get(ref value);
                values.Add(value);
            }
        }
        return values;
    }
}
