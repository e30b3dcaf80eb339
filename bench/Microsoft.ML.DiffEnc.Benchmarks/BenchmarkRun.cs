using System.Text.Json.Nodes;
using Microsoft.ML.DiffEnc.Benchmarks.Cases;
using Microsoft.ML.DiffEnc.Benchmarks.Results;
using Microsoft.ML.DiffEnc.Benchmarks.Workers;

namespace Microsoft.ML.DiffEnc.Benchmarks;

/// <summary>Everything that one command measures.</summary>
/// <param name="settings">What to measure.</param>
/// <param name="sides">Who: ours first.</param>
/// <param name="report">Told what is going on.</param>
internal sealed class BenchmarkRun(BenchmarkSettings settings, IReadOnlyList<Side> sides, Action<string> report)
{
    // Deviations of double precision are about 1e-12, of single precision 1e-4; of a formula that is not the same, far more.
    private const double Tolerance = 1e-8, ToleranceAsTrained = 5e-3;

    /// <summary>Measures all groups, one after the other.</summary>
    /// <exception cref="WorkerException">A side could not do what it was asked, or a peer computes something else.</exception>
    public BenchmarkResults Measure()
    {
        var results = new BenchmarkResults { Settings = settings };
        var workers = new List<(Side Side, WorkerProcess Worker)>();
        try
        {
            foreach (var side in sides)
            {
                workers.Add((side, side.Start(settings.Threads)));
                results.Sides.Add((side.Name, workers[^1].Worker.Hello));
            }
            var ours = workers[0].Worker;
            foreach (var images in settings.Images)
                foreach (var c in settings.Cases)
                    foreach (var (_, peer) in workers.Where(w => w.Side.IsPeer))
                        results.Checks.Add(Check(c, images, ours, peer));
            if (settings.CheckOnly)
                return results;
            foreach (var images in settings.Images)
                foreach (int batch in settings.Batches)
                    results.Measurements.AddRange(new GroupRun(settings, sides, new Setting(images, batch), report).Measure());
            return results;
        }
        finally
        {
            foreach (var (_, worker) in workers)
                worker.Dispose();
        }
    }

    /// <summary>Writes what other implementations of the one model chosen can compare their losses and gradients with.</summary>
    /// <exception cref="FormatException">There is more than one.</exception>
    /// <exception cref="WorkerException">It failed.</exception>
    public void WriteCheck(string path)
    {
        if (settings.Cases.Count != 1 || settings.Images.Count != 1)
            throw new FormatException("--check-file writes one model: name it with --models, and the size of its images with --images.");
        using var ours = sides[0].Start(settings.Threads);
        WriteCheck(ours, settings.Cases[0], settings.Images[0], asTrained: false, path);
    }

    private static void WriteCheck(WorkerProcess ours, BenchmarkCase c, ImageSize images, bool asTrained, string path)
        => ours.Ask("writeCheck", new JsonObject { ["file"] = path, ["asTrained"] = asTrained, ["model"] = ModelMessage.Write(c.Model(images)) });

    /// <summary>Has the peer compute losses and gradients from our weights and inputs, and compares.</summary>
    /// <exception cref="WorkerException">It computes something else.</exception>
    private CheckResult Check(BenchmarkCase c, ImageSize images, WorkerProcess ours, WorkerProcess peer)
    {
        report($"{images}: {c.Name}, is the peer's model the same?");
        var exact = Compare(c, images, asTrained: false, ours, peer, Tolerance);
        return new(c, images, exact.Weights, exact.Deviation, Compare(c, images, asTrained: true, ours, peer, ToleranceAsTrained).Deviation);
    }

    private static (long Weights, Deviation Deviation) Compare(
        BenchmarkCase c, ImageSize images, bool asTrained, WorkerProcess ours, WorkerProcess peer, double tolerance)
    {
        string file = Path.GetTempFileName();
        try
        {
            WriteCheck(ours, c, images, asTrained, file);
            var reply = peer.Ask("check", new JsonObject { ["file"] = file });
            double losses = reply.Losses!.Values.Max();
            if (reply.Parameters != reply.ExpectedParameters)
                throw new WorkerException($"{c.Name} has {reply.ExpectedParameters:N0} weights; the peer's has {reply.Parameters:N0}.");
            if (!(Math.Max(losses, reply.Gradients) <= tolerance))
            {
                throw new WorkerException(
                    $"{c.Name}: the peer computes something else. Largest relative deviation of a loss {losses:E1}, of a gradient {reply.Gradients:E1} "
                    + $"({reply.WorstGradient}); at most {tolerance:E0} is rounding.");
            }
            return (reply.Parameters, new(losses, reply.Gradients));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
