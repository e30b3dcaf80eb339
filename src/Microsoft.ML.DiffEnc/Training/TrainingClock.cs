using System.Diagnostics;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>Decides when to report, and at what pace the training goes.</summary>
internal sealed class TrainingClock(int firstStep, int steps, int batchSize)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private TimeSpan _reported;

    /// <summary>Whether a report is due: now and then, and at the end.</summary>
    public bool IsDue(int done) => done == firstStep + 1 || done == steps || _watch.Elapsed - _reported >= Interval;

    public TrainingProgress Report(int done, (double Reconstruction, double Latent, double Diffusion, int Steps) losses, double? validation)
    {
        var elapsed = _watch.Elapsed;
        double pace = losses.Steps / Math.Max((elapsed - _reported).TotalSeconds, 1e-9);
        _reported = elapsed;
        return new TrainingProgress(done, steps, losses.Reconstruction + losses.Latent + losses.Diffusion, losses.Reconstruction, losses.Latent,
            losses.Diffusion, validation, pace, pace * batchSize, elapsed, elapsed * ((double)(steps - done) / (done - firstStep)));
    }
}
