using Microsoft.ML.DiffEnc.Interop;

namespace Microsoft.ML.DiffEnc.Ranks;

/// <summary>Where the threads of a group wait for one another. One that fails frees the others.</summary>
/// <param name="size">How many meet.</param>
/// <param name="patience">How long to wait for the last one.</param>
internal sealed class Meeting(int size, TimeSpan patience)
{
    private readonly object _gate = new();
    private int _present;
    private long _round;
    private (int Rank, Exception Error)? _failure;

    /// <summary>Returns when all have called it.</summary>
    /// <exception cref="RankFailureException">One has failed, or does not come.</exception>
    public void Wait()
    {
        using var outside = ComputeSection.StepOut();
        lock (_gate)
        {
            ThrowIfBroken();
            if (++_present == size)
            {
                (_present, _round) = (0, _round + 1);
                Monitor.PulseAll(_gate);
                return;
            }
            long round = _round;
            long end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
            while (round == _round)
            {
                long left = end - Environment.TickCount64;
                if (left <= 0)
                    throw new RankFailureException($"Another of the {size} ranks did not come within {patience:c}.");
                Monitor.Wait(_gate, TimeSpan.FromMilliseconds(left));
                if (round == _round)
                    ThrowIfBroken();
            }
        }
    }

    /// <summary>Says that a rank will not come any more. The first to say so counts.</summary>
    public void Fail(int rank, Exception error)
    {
        lock (_gate)
        {
            _failure ??= (rank, error);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>The error that ended it all; <see langword="null"/>: there was none.</summary>
    public Exception? Cause
    {
        get
        {
            lock (_gate)
                return _failure?.Error;
        }
    }

    private void ThrowIfBroken()
    {
        if (_failure is { } failure)
            throw new RankFailureException($"Rank {failure.Rank} failed: {failure.Error.Message}", failure.Error);
    }
}
