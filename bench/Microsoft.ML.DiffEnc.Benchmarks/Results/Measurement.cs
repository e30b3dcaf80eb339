using Microsoft.ML.DiffEnc.Benchmarks.Cases;
using Microsoft.ML.DiffEnc.Benchmarks.Workers;

namespace Microsoft.ML.DiffEnc.Benchmarks.Results;

/// <summary>What was measured of one model on one side.</summary>
internal sealed class Measurement(BenchmarkCase of, Setting setting, string side, bool isPeer)
{
    public BenchmarkCase Case => of;
    public Setting Setting => setting;
    public string Side => side;
    public bool IsPeer => isPeer;
    public long Parameters { get; set; }

    /// <summary>Operations on a whole batch; 0 where they are not counted.</summary>
    public double ForwardOperations { get; set; }

    public double StepOperations { get; set; }

    /// <summary>GFLOP/s of a convolution and a matrix product in the same process and precision, round by round; empty on the peer's side.</summary>
    public List<double> PeakConvolutions { get; } = [];

    public List<double> PeakProducts { get; } = [];

    /// <summary>Seconds, round by round.</summary>
    public List<double> Steps { get; } = [];

    public List<double> Forwards { get; } = [];
    public List<double> Scorings { get; } = [];

    /// <summary>Seconds of the encoder in a step, round by round; empty without one, and on the peer's side.</summary>
    public List<double> Encoders { get; } = [];

    /// <summary>Seconds of each part of a step, round by round.</summary>
    public Dictionary<string, List<double>> Phases { get; } = [];

    public void AddPeak(WorkerReply reached)
    {
        PeakConvolutions.Add(reached.Convolution);
        PeakProducts.Add(reached.Product);
    }

    public void AddPhase(string phase, double seconds)
    {
        if (!Phases.TryGetValue(phase, out var before))
            Phases.Add(phase, before = []);
        before.Add(seconds);
    }

    public MemoryUse? Training { get; set; }
    public MemoryUse? Scoring { get; set; }

    /// <summary>The largest share of a core that a worker took while it waited for its turn.</summary>
    public double IdleShare { get; set; }
}

/// <summary>On what a model is measured.</summary>
internal sealed record Setting(ImageSize Images, int Batch);

/// <summary>Of a process of its own, in megabytes, libraries and runtime included.</summary>
/// <param name="Peak">VmHWM.</param>
/// <param name="Steady">VmRSS after the last round.</param>
internal sealed record MemoryUse(double Peak, double Steady);
