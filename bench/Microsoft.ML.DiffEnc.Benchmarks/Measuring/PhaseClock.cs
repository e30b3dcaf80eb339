using Microsoft.ML.DiffEnc.Networks;
using Microsoft.ML.DiffEnc.Training;

namespace Microsoft.ML.DiffEnc.Benchmarks.Measuring;

/// <summary>The seconds of each part of a step. The device is waited for after each part, and only while this is asked for.</summary>
internal sealed class PhaseClock(Clock clock) : IStepObserver
{
    private Dictionary<string, double>? _seconds;
    private long _last;

    public void Reached(StepPhase phase, BatchSlice slice)
    {
        if (_seconds is null)
            return;
        long now = clock.Now();
        string name = phase.ToString();
        _seconds[name] = _seconds.GetValueOrDefault(name) + Clock.Seconds(_last, now);
        _last = now;
    }

    /// <summary>Runs a step and gives the seconds of its parts.</summary>
    public Dictionary<string, double> Split(Action step)
    {
        var seconds = _seconds = [];
        _last = clock.Now();
        step();
        _seconds = null;
        return seconds;
    }
}
