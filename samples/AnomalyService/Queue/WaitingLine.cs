namespace AnomalyService.Queue;

/// <summary>First come, first served; bounded by the number of pictures and by their pixels. All members may be called from any thread.</summary>
internal sealed class WaitingLine(ServiceLimits limits) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly LinkedList<WaitingPicture> _line = new(); // not a channel: who leaves must free the place at once
    private readonly SemaphoreSlim _arrivals = new(0);
    private long _pixels;

    public int Count
    {
        get
        {
            lock (_gate)
                return _line.Count;
        }
    }

    public bool IsFull
    {
        get
        {
            lock (_gate)
                return _line.Count >= limits.Waiting || _pixels >= limits.WaitingPixels;
        }
    }

    /// <summary>Joins at the end, if there is a place.</summary>
    public bool TryJoin(WaitingPicture waiting)
    {
        lock (_gate)
        {
            long pixels = _pixels + waiting.Picture.Pixels;
            if (_line.Count >= limits.Waiting || (_pixels > 0 && pixels > limits.WaitingPixels))
                return false;
            _line.AddLast(waiting);
            _pixels = pixels;
        }
        _arrivals.Release();
        return true;
    }

    /// <summary>Leaves; false for one whose turn has come.</summary>
    public bool TryLeave(WaitingPicture waiting)
    {
        lock (_gate)
        {
            if (!_line.Remove(waiting))
                return false;
            _pixels -= waiting.Picture.Pixels;
            return true;
        }
    }

    /// <summary>Waits for somebody, and takes all who are there, as many as make a batch; none when it is to stop and nobody is left.</summary>
    public List<WaitingPicture> Take(CancellationToken stopping)
    {
        while (true)
        {
            List<WaitingPicture> batch = TakeNow();
            if (batch.Count > 0 || stopping.IsCancellationRequested)
                return batch;
            try
            {
                _arrivals.Wait(stopping);
            }
            catch (OperationCanceledException)
            {
                // Once more around: somebody may have come just before.
            }
        }
    }

    /// <summary>The pixels of pictures that were taken are no longer held.</summary>
    public void Free(long pixels)
    {
        lock (_gate)
            _pixels -= pixels;
    }

    public void Dispose() => _arrivals.Dispose();

    private List<WaitingPicture> TakeNow()
    {
        var batch = new List<WaitingPicture>();
        lock (_gate)
        {
            while (batch.Count < limits.Batch && _line.First is { } first)
            {
                batch.Add(first.Value);
                _line.RemoveFirst();
            }
        }
        return batch;
    }
}
