using AnomalyService.Detection;
using AnomalyService.Pictures;

namespace AnomalyService.Queue;

/// <summary>A picture in the queue, and the promise of its verdict.</summary>
internal sealed class WaitingPicture(Picture picture)
{
    private readonly TaskCompletionSource<Verdict> _verdict = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Picture Picture { get; } = picture;

    public Task<Verdict> Verdict => _verdict.Task;

    public void Answer(Verdict verdict) => _verdict.TrySetResult(verdict);

    public void Fail(Exception error) => _verdict.TrySetException(error);

    public void Cancel(CancellationToken cancellation) => _verdict.TrySetCanceled(cancellation);
}
