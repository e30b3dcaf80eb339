using System.Diagnostics;

namespace Microsoft.ML.DiffEnc.Training;

/// <summary>Decides when to report, and at what pace the training goes. The pace is that of the steps: looks at the validation set are left
/// out.</summary>
internal sealed class TrainingClock(int firstStep, int steps, int batchSize)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private readonly Stopwatch _whole = Stopwatch.StartNew(), _stepping = Stopwatch.StartNew();
    private TimeSpan _reported;

    /// <summary>Whether a report is due: now and then, and at the end.</summary>
    public bool IsDue(int done) => done == firstStep + 1 || done == steps || _stepping.Elapsed - _reported >= Interval;

    /// <summary>Runs what is not part of a step.</summary>
    public T Aside<T>(Func<T> work)
    {
        _stepping.Stop();
        try
        {
            return work();
        }
        finally
        {
            _stepping.Start();
        }
    }

    public TrainingProgress Report(int done, (double Reconstruction, double Latent, double Diffusion, int Steps) losses, double? validation)
    {
        double pace = losses.Steps / Math.Max((_stepping.Elapsed - _reported).TotalSeconds, 1e-9);
        _reported = _stepping.Elapsed;
        return new TrainingProgress(done, steps, losses.Reconstruction + losses.Latent + losses.Diffusion, losses.Reconstruction, losses.Latent,
            losses.Diffusion, validation, pace, pace * batchSize, _whole.Elapsed, _whole.Elapsed * ((double)(steps - done) / (done - firstStep)));
    }
}
