namespace Microsoft.ML.DiffEnc.Transformers.Batching;

/// <summary>
/// Some rows that go through the network together: they are read into slots one by one, and computed when somebody asks for the first value.
/// Belongs to one cursor; not for several threads.
/// </summary>
internal abstract class RowBatch : IDisposable
{
    private int _pending;

    /// <summary>Called before the network runs.</summary>
    public Action? BeforeCompute { get; set; }

    /// <summary>Copies what the network needs of the input's current row into <paramref name="slot"/>.</summary>
    public abstract void ReadRow(int slot);

    /// <summary>Says that slots 0..<paramref name="count"/>-1 hold new rows. What was computed before is forgotten.</summary>
    public void Begin(int count) => _pending = count;

    /// <summary>
    /// A <c>ValueGetter</c> of an output column, for the row in the slot that <paramref name="currentSlot"/> names at the time of the call.
    /// </summary>
    public abstract Delegate CreateGetter(int output, Func<int> currentSlot);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    /// <summary>Runs the network over slots 0..<paramref name="count"/>-1.</summary>
    protected abstract void Compute(int count);

    /// <summary>To be called by getters: the current slot, computed. The network runs once per batch, and never where nobody asks.</summary>
    protected int ComputedSlot(Func<int> currentSlot)
    {
        int slot = currentSlot(); // may read the row, when rows come one by one
        if (_pending > 0)
        {
            BeforeCompute?.Invoke();
            Compute(_pending);
            // Only after success: a getter that is called again after an error must not hand out the values of the batch before.
            _pending = 0;
        }
        return slot;
    }
}
