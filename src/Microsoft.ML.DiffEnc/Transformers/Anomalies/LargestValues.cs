namespace Microsoft.ML.DiffEnc.Transformers.Anomalies;

/// <summary>The largest of very many values, which are not kept.</summary>
/// <param name="most">How many of them count, at least 1.</param>
internal sealed class LargestValues(int most)
{
    private readonly PriorityQueue<float, float> _largest = new();

    /// <summary>The smallest of the largest: that of rank <c>most</c> from above, or the smallest of all where there are fewer.</summary>
    /// <exception cref="InvalidOperationException">There are no values.</exception>
    public float Least => _largest.Peek();

    public void Add(ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (_largest.Count < most)
                _largest.Enqueue(value, value);
            else if (value > _largest.Peek())
                _largest.EnqueueDequeue(value, value);
        }
    }
}
