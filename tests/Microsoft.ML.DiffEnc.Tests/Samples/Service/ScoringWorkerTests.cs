using AnomalyService;
using AnomalyService.Detection;
using AnomalyService.Pictures;
using AnomalyService.Queue;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.ML.Data;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Samples.Service;

/// <summary>The queue, with a worker that is not started until the test says so.</summary>
public sealed class ScoringWorkerTests(Detectors detectors) : IClassFixture<Detectors>, IDisposable
{
    private readonly Detector _detector = Detector.Load(detectors.Alone);

    public void Dispose() => _detector.Dispose();

    [Fact]
    public async Task A_full_queue_refuses_and_who_leaves_makes_place()
    {
        using var worker = Worker(new ServiceLimits { Waiting = 2 });
        using var leaving = new CancellationTokenSource();
        Picture left = Disc(), refused = Disc();
        Task<Verdict> first = worker.ScoreAsync(left, leaving.Token), second = worker.ScoreAsync(Disc(), default);
        Assert.Equal(2, worker.Waiting);
        Assert.Throws<RefusalException>(worker.ThrowIfFull);
        var error = await Assert.ThrowsAsync<RefusalException>(() => worker.ScoreAsync(refused, default));
        Assert.Equal((503, TimeSpan.FromSeconds(1)), (error.Status, error.RetryAfter));
        Assert.Throws<InvalidOperationException>(() => refused.Pixels); // disposed of

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Throws<InvalidOperationException>(() => left.Pixels);
        Assert.Equal(1, worker.Waiting);
        Task<Verdict> third = worker.ScoreAsync(Disc(), default);

        await worker.StartAsync(default);
        Assert.Equal(await second, await third, (a, b) => a.Score == b.Score && a.Map.AsSpan().SequenceEqual(b.Map));
        await worker.StopAsync(default);
    }

    [Fact]
    public async Task Pictures_that_wait_are_bounded_by_their_pixels_too_until_they_are_scored()
    {
        using var worker = Worker(new ServiceLimits { WaitingPixels = 100 });
        Task<Verdict> first = worker.ScoreAsync(Disc(), default);
        await Assert.ThrowsAsync<RefusalException>(() => worker.ScoreAsync(Disc(), default));
        await worker.StartAsync(default);
        await first;
        await worker.StopAsync(default);
        Task<Verdict> next = worker.ScoreAsync(Disc(), default);
        Assert.False(next.IsCompleted);
    }

    [Fact]
    public async Task A_worker_that_is_stopped_first_scores_what_waits()
    {
        using var worker = Worker(new ServiceLimits { Batch = 1 });
        Task<Verdict>[] verdicts = [.. Enumerable.Range(0, 20).Select(_ => worker.ScoreAsync(Disc(), default))];
        await worker.StartAsync(default);
        await verdicts[0];
        await worker.StopAsync(default);
        Assert.All(verdicts, verdict => Assert.True(verdict.IsCompletedSuccessfully));
    }

    [Fact]
    public async Task A_picture_that_fails_does_not_take_its_neighbours_with_it()
    {
        using var worker = Worker(new ServiceLimits());
        Task<Verdict> wrong = worker.ScoreAsync(new Picture(MLImage.CreateFromPixels(2, 2, MLPixelFormat.Bgra32, new byte[16]), 2, 2), default);
        Task<Verdict> neighbour = worker.ScoreAsync(Disc(), default);
        await worker.StartAsync(default);
        await Assert.ThrowsAsync<InvalidOperationException>(() => wrong);
        Assert.NotEmpty((await neighbour).Map);
        await worker.StopAsync(default);
    }

    private ScoringWorker Worker(ServiceLimits limits) => new(_detector, limits, NullLogger<ScoringWorker>.Instance);

    private static Picture Disc()
    {
        byte[] pixels = Training.TrainingRuns.Rows(1)[0].Image;
        return new Picture(Support.Pictures.Image(pixels, 8, 8), 8, 8);
    }
}
