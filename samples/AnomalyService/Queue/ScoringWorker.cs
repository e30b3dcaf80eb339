using System.Diagnostics;
using AnomalyService.Detection;
using AnomalyService.Pictures;

namespace AnomalyService.Queue;

/// <summary>
/// The bounded queue in front of the one detector: whatever waits is scored in one pass, who goes away leaves the queue, who finds it full is sent
/// away, and a service that stops first answers all who wait.
/// </summary>
public sealed class ScoringWorker(Detector detector, ServiceLimits limits, ILogger<ScoringWorker> log) : BackgroundService
{
    private const long GarbageBytes = 16 << 20;

    private static readonly Action<ILogger, Exception?> _scoringFailed = LoggerMessage.Define(LogLevel.Error, default, "Scoring a picture failed.");

    private readonly WaitingLine _line = new(limits);
    private double _secondsPerPicture;
    private long _bytesInUse;

    /// <summary>Pictures that wait, those being scored not counted.</summary>
    public int Waiting => _line.Count;

    /// <summary>Sends away at once whom the queue has no place for: cheaper than to read and decode a picture first.</summary>
    /// <exception cref="RefusalException">The queue is full.</exception>
    public void ThrowIfFull()
    {
        if (_line.IsFull)
            throw Full();
    }

    /// <summary>Waits for the verdict on a picture, which belongs to the queue from here on.</summary>
    /// <exception cref="RefusalException">The queue is full.</exception>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    public async Task<Verdict> ScoreAsync(Picture picture, CancellationToken cancellation)
    {
        var waiting = new WaitingPicture(picture);
        if (!_line.TryJoin(waiting))
        {
            picture.Dispose();
            throw Full();
        }
        await using CancellationTokenRegistration leaving = cancellation.Register(() =>
        {
            if (_line.TryLeave(waiting))
                picture.Dispose();
            waiting.Cancel(cancellation); // one that is being scored is disposed of afterwards
        });
        return await waiting.Verdict;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _line.Dispose();
    }

    /// <inheritdoc/>
    // A thread of its own: on one thread after another, libtorch's memory would grow with each.
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
        => Task.Factory.StartNew(() => Work(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Work(CancellationToken stopping)
    {
        // The server stops before its services do, and lets its requests end: when the token comes, nobody new does.
        while (_line.Take(stopping) is { Count: > 0 } batch)
        {
            long start = Stopwatch.GetTimestamp();
            Score(batch);
            _line.Free(batch.Sum(waiting => waiting.Picture.Pixels));
            batch.ForEach(waiting => waiting.Picture.Dispose());
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds / batch.Count;
            CollectGarbage();
            Volatile.Write(ref _secondsPerPicture, _secondsPerPicture == 0 ? seconds : 0.8 * _secondsPerPicture + 0.2 * seconds);
        }
    }

    /// <summary>
    /// Between two passes. While the model computes the collector is held back, and so rarely does it come of itself that hundreds of megabytes
    /// of dead wrappers, and of libtorch's memory behind them, would pile up.
    /// </summary>
    private void CollectGarbage()
    {
        if (GC.GetTotalMemory(forceFullCollection: false) - _bytesInUse < GarbageBytes)
            return;
        GC.Collect();
        _bytesInUse = GC.GetTotalMemory(forceFullCollection: false);
    }

    private void Score(List<WaitingPicture> batch)
    {
        try
        {
            IReadOnlyList<Verdict> verdicts = detector.Score([.. batch.Select(waiting => waiting.Picture.Image)]);
            foreach (var (waiting, verdict) in batch.Zip(verdicts))
                waiting.Answer(verdict);
        }
        // Not the neighbours' fault.
        catch (Exception) when (batch.Count > 1)
        {
            batch.ForEach(waiting => Score([waiting]));
        }
        // Whatever it is, it is this picture's: the queue goes on.
        catch (Exception e)
        {
            _scoringFailed(log, e);
            batch[0].Fail(e);
        }
    }

    private RefusalException Full() => new(
        StatusCodes.Status503ServiceUnavailable,
        "Too many pictures wait to be scored. Come again.",
        TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(_line.Count * Volatile.Read(ref _secondsPerPicture)))));
}
