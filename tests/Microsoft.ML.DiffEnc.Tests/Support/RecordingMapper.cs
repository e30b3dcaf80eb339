using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.DiffEnc.Transformers.Batching;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Doubles the column "Number", and records how it was asked to.</summary>
internal sealed class RecordingMapper(DataViewSchema inputSchema) : BatchMapper
{
    private readonly DataViewSchema.Column _number = inputSchema["Number"];

    /// <summary>The sizes of the batches that were computed.</summary>
    public ConcurrentQueue<int> Batches { get; } = new();

    /// <summary>The rows that were read, by thread.</summary>
    public ConcurrentDictionary<int, int> RowsByThread { get; } = new();

    /// <summary>Called while a batch is being computed.</summary>
    public Action? Computing { get; set; }

    /// <summary>The rows that were read by any thread.</summary>
    public int RowsRead => RowsByThread.Values.Sum();

    public override DataViewSchema.DetachedColumn[] OutputColumns { get; } =
        [new("Double", NumberDataViewType.Int32), new("Number", NumberDataViewType.Int32)];

    public override bool DependsOn(int inputColumn, Func<int, bool> activeOutput) => inputColumn == _number.Index;

    public override RowBatch CreateBatch(DataViewRow input, Func<int, bool> activeOutput, int capacity) => new Batch(this, input, capacity);

    private sealed class Batch(RecordingMapper mapper, DataViewRow input, int capacity) : RowBatch
    {
        private readonly ValueGetter<int> _get = input.GetGetter<int>(input.Schema[mapper._number.Index]);
        private readonly int[] _numbers = new int[capacity], _doubles = new int[capacity];

        public override void ReadRow(int slot)
        {
            mapper.RowsByThread.AddOrUpdate(Environment.CurrentManagedThreadId, 1, (_, n) => n + 1);
            _get(ref _numbers[slot]);
        }

        public override Delegate CreateGetter(int output, Func<int> currentSlot) => (ValueGetter<int>)((ref int value) =>
            value = (output == 0 ? 1 : -1) * _doubles[ComputedSlot(currentSlot)]);

        protected override void Compute(int count)
        {
            mapper.Batches.Enqueue(count);
            mapper.Computing?.Invoke();
            for (int i = 0; i < count; i++)
                _doubles[i] = 2 * _numbers[i];
        }
    }
}
