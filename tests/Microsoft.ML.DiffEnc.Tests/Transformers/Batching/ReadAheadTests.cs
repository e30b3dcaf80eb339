using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Tests.Support;
using Microsoft.ML.DiffEnc.Transformers.Batching;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Transformers.Batching;

public class ReadAheadTests
{
    private const int BatchSize = 64;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly MLContext _ml = new(seed: 1);

    private static int Me => Environment.CurrentManagedThreadId;

    [Fact]
    public void The_next_batch_and_no_more_is_read_on_another_thread_while_the_network_runs()
    {
        var (view, mapper) = Create(Rows(1000));
        int readMeanwhile = 0;
        mapper.Computing = () =>
        {
            Assert.True(SpinWait.SpinUntil(() => mapper.RowsRead >= 2 * BatchSize, Patience), "Nothing was read while the network ran.");
            Thread.Sleep(50); // it goes no further
            readMeanwhile = mapper.RowsRead;
        };
        using DataViewRowCursor cursor = Cursor(view);
        Assert.Equal(0, First(cursor, view));
        Assert.Equal(2 * BatchSize, readMeanwhile);
        Assert.Equal(BatchSize, mapper.RowsByThread[Me]);
    }

    [Fact]
    public void All_rows_come_in_order_whoever_has_read_them()
    {
        foreach (int rows in new[] { 0, 1, BatchSize, BatchSize + 1, 3 * BatchSize, 200 })
        {
            var (view, mapper) = Create(Rows(rows));
            Assert.Equal(Enumerable.Range(0, rows).Select(i => 2 * i), view.GetColumn<int>("Double"));
            Assert.Equal(rows, mapper.RowsRead);
            Assert.Equal(rows, mapper.Batches.Sum());
        }
    }

    [Fact]
    public void Who_looks_at_the_first_row_alone_does_not_wait_for_a_full_batch()
    {
        var (view, mapper) = Create(Rows(200), rowsAtFirst: 1);
        using (DataViewRowCursor cursor = Cursor(view))
            Assert.Equal(0, First(cursor, view));
        Assert.Equal([1], mapper.Batches);

        (view, mapper) = Create(Rows(200), rowsAtFirst: 1);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => 2 * i), view.GetColumn<int>("Double"));
        Assert.Equal([1, 4, 16, 64, 64, 51], mapper.Batches);
    }

    [Fact]
    public void An_error_in_reading_ahead_is_thrown_where_its_rows_are_missing()
    {
        var (view, mapper) = Create(Rows(1000, onRow: i => i == 100 ? throw new FormatException("Row 100 is bad.") : i));
        using DataViewRowCursor cursor = Cursor(view);
        var get = cursor.GetGetter<int>(view.Schema["Double"]);
        int value = 0;
        for (int i = 0; i < BatchSize; i++)
        {
            Assert.True(cursor.MoveNext());
            get(ref value);
            Assert.Equal(2 * i, value);
        }
        Exception error = Assert.ThrowsAny<Exception>(() => cursor.MoveNext());
        Assert.Equal("Row 100 is bad.", error.GetBaseException().Message);
        Assert.Equal(-1, cursor.Position);
        Assert.Equal([BatchSize], mapper.Batches);
    }

    [Fact]
    public void A_cursor_that_is_disposed_early_stops_reading_at_once()
    {
        using var reading = new ManualResetEventSlim();
        int rows = 0;
        var (view, _) = Create(Rows(1000, onRow: i =>
        {
            rows = i + 1;
            if (i < BatchSize + 10)
                return i;
            reading.Set();
            Thread.Sleep(20); // slow: the batch would take a second
            return i;
        }));
        DataViewRowCursor cursor = Cursor(view);
        Assert.Equal(0, First(cursor, view));
        Assert.True(reading.Wait(Patience));
        cursor.Dispose();
        int read = rows;
        Assert.InRange(read, BatchSize + 11, 2 * BatchSize - 1);
        Thread.Sleep(100);
        Assert.Equal(read, rows);
        cursor.Dispose();
    }

    [Fact]
    public void An_error_that_nobody_waits_for_does_not_disturb_the_disposal()
    {
        using var failed = new ManualResetEventSlim();
        var (view, _) = Create(Rows(1000, onRow: i =>
        {
            if (i < 100)
                return i;
            failed.Set();
            throw new FormatException("Row 100 is bad.");
        }));
        DataViewRowCursor cursor = Cursor(view);
        Assert.Equal(0, First(cursor, view));
        Assert.True(failed.Wait(Patience));
        cursor.Dispose();
    }

    [Fact]
    public void Nothing_is_read_ahead_where_nothing_is_computed()
    {
        var (view, mapper) = Create(Rows(1000));
        using DataViewRowCursor cursor = Cursor(view);
        for (int i = 0; i <= BatchSize; i++)
            Assert.True(cursor.MoveNext());
        Assert.Equal([Me], mapper.RowsByThread.Keys);
        Assert.Equal(2 * BatchSize, mapper.RowsRead);
    }

    [Fact]
    public void Shuffled_rows_are_read_by_the_caller_whose_random_numbers_they_take()
    {
        var (view, mapper) = Create(_ml.Data.Cache(Rows(300)));
        using DataViewRowCursor cursor = view.GetRowCursorSet([view.Schema["Double"]], 1, new Random(3))[0];
        var get = cursor.GetGetter<int>(view.Schema["Double"]);
        int value = 0, sum = 0;
        while (cursor.MoveNext())
        {
            get(ref value);
            sum += value;
        }
        Assert.Equal(300 * 299, sum);
        Assert.Equal([Me], mapper.RowsByThread.Keys);
    }

    [Fact]
    public void A_prediction_engine_reads_and_computes_on_the_callers_thread()
    {
        using DiffEncTransformer transformer = Scoring.Transformer(_ml);
        int thread = 0;
        var engine = _ml.Model.CreatePredictionEngine<Watched, ScoredRow>(transformer, new PredictionEngineOptions { OwnsTransformer = false });
        Assert.True(float.IsFinite(engine.Predict(new Watched(() => thread = Me)).Score));
        Assert.Equal(Me, thread);
    }

    private static DataViewRowCursor Cursor(BatchedDataView view) => view.GetRowCursorSet([view.Schema["Double"]], 1)[0];

    private static int First(DataViewRowCursor cursor, BatchedDataView view)
    {
        var get = cursor.GetGetter<int>(view.Schema["Double"]);
        int value = -1;
        Assert.True(cursor.MoveNext());
        get(ref value);
        return value;
    }

    /// <summary>Rows that are made as they are read.</summary>
    private IDataView Rows(int count, Func<int, int>? onRow = null)
        => _ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(i => new NumberRow { Number = onRow?.Invoke(i) ?? i }));

    private (BatchedDataView View, RecordingMapper Mapper) Create(IDataView data, int? rowsAtFirst = null)
    {
        var mapper = new RecordingMapper(data.Schema);
        return (new BatchedDataView(_ml, data, mapper, BatchSize, rowsAtFirst: rowsAtFirst), mapper);
    }

    private sealed class NumberRow
    {
        public int Number { get; set; }
    }

    /// <summary>An image that says when it is read.</summary>
    private sealed class Watched(Action onRead)
    {
        public Watched() : this(() => { })
        {
        }

        [VectorType(64)]
        public byte[] Image
        {
            get
            {
                onRead();
                return Pictures.Pixels(1);
            }
            set => throw new NotSupportedException("For ML.NET, which asks for a setter.");
        }
    }
}
