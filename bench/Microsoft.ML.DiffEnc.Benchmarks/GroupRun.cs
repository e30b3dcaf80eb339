using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.ML.DiffEnc.Benchmarks.Results;
using Microsoft.ML.DiffEnc.Benchmarks.Workers;

namespace Microsoft.ML.DiffEnc.Benchmarks;

/// <summary>
/// Measures all models and sides on images of one size in batches of one size: in turn, round after round, so that a machine that speeds up or
/// slows down does so for all of them. Each model of each side has a process of its own.
/// </summary>
/// <param name="settings">What to measure.</param>
/// <param name="sides">Who.</param>
/// <param name="setting">On what.</param>
/// <param name="report">Told what is going on.</param>
internal sealed class GroupRun(BenchmarkSettings settings, IReadOnlyList<Side> sides, Setting setting, Action<string> report)
{
    private const int Images = 64;

    public IReadOnlyList<Measurement> Measure()
    {
        var measurements = (from c in settings.Cases from side in sides select (Side: side, Result: new Measurement(c, setting, side.Name, side.IsPeer))).ToArray();
        Stage("training", training: true, measurements, MeasureTraining);
        Stage("scoring", training: false, measurements, MeasureScoring);
        return [.. measurements.Select(m => m.Result)];
    }

    /// <summary>Starts a process for each model of each side, measures, ends them.</summary>
    private void Stage(string name, bool training, (Side Side, Measurement Result)[] measurements, Action<Running[]> measure)
    {
        report($"{setting.Images}, batch {setting.Batch}: {name}, start");
        var running = new List<Running>();
        try
        {
            foreach (var (side, result) in measurements.Where(m => training || m.Side.Scores))
            {
                var worker = side.Start(settings.Threads);
                running.Add(new(worker, result));
                var reply = worker.Ask("prepare", new JsonObject
                {
                    ["model"] = ModelMessage.Write(result.Case.Model(setting.Images)),
                    ["images"] = Images,
                    ["batch"] = setting.Batch,
                    ["training"] = training,
                });
                result.Parameters = reply.Parameters;
                if (!result.IsPeer)
                    (result.ForwardOperations, result.StepOperations) = (setting.Batch * reply.ForwardOperations, setting.Batch * reply.StepOperations);
            }
            var clock = Stopwatch.StartNew();
            measure([.. running]);
            foreach (var (worker, result) in running)
                result.IdleShare = Math.Max(result.IdleShare, worker.IdleTime / clock.Elapsed);
        }
        finally
        {
            foreach (var (worker, _) in running)
                worker.Dispose();
        }
    }

    private void MeasureTraining(Running[] running)
    {
        foreach (var (worker, _) in running)
            WarmUp(() => worker.Ask("step"));
        for (int round = 1; round <= settings.Rounds; round++)
        {
            report($"{setting.Images}, batch {setting.Batch}: training, round {round} of {settings.Rounds}");
            foreach (var (worker, result) in running)
            {
                if (!result.IsPeer)
                    result.AddPeak(worker.Ask("peak"));
                result.Steps.Add(worker.Ask("step").Seconds);
            }
        }
        foreach (var (worker, result) in running)
            result.Training = Memory(worker);
        MeasureSplit(running);
    }

    /// <summary>The parts of a step. They are measured after the steps: on a GPU the clock waits for it after each part.</summary>
    private void MeasureSplit(Running[] running)
    {
        for (int round = 0; round <= settings.Rounds / 2; round++)
        {
            report($"{setting.Images}, batch {setting.Batch}: parts of a step, round {round + 1} of {settings.Rounds / 2 + 1}");
            foreach (var (worker, result) in running)
            {
                foreach (var (phase, seconds) in worker.Ask("split").Phases!)
                    result.AddPhase(phase, seconds);
                if (!result.IsPeer && result.Case.Encoder is not null)
                    result.Encoders.Add(worker.Ask("encoder").EncoderSeconds);
            }
        }
    }

    private void MeasureScoring(Running[] running)
    {
        int images = ImagesScored(), perPass = Math.Max(settings.Draws, setting.Batch);
        JsonObject Request() => new() { ["images"] = images, ["draws"] = settings.Draws, ["perPass"] = perPass };
        foreach (var (worker, _) in running)
        {
            WarmUp(() => worker.Ask("forward"));
            WarmUp(() => worker.Ask("score", Request()));
        }
        for (int round = 1; round <= settings.Rounds; round++)
        {
            report($"{setting.Images}, batch {setting.Batch}: scoring, round {round} of {settings.Rounds}");
            foreach (var (worker, result) in running)
            {
                result.Forwards.Add(worker.Ask("forward").Seconds);
                result.Scorings.Add(worker.Ask("score", Request()).Seconds / images);
            }
        }
        foreach (var (worker, result) in running)
            result.Scoring = Memory(worker);
    }

    /// <summary>
    /// Runs what is measured for a while: .NET compiles what is called often once more, in the background, and libraries look for the fastest way.
    /// </summary>
    private void WarmUp(Action once)
    {
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < settings.WarmUps || clock.Elapsed < settings.WarmUpTime; i++)
            once();
    }

    private static MemoryUse? Memory(WorkerProcess worker)
        => worker.Ask("memory") is { Peak: { } peak, Resident: { } now } ? new(peak, now) : null;

    /// <summary>As many as fill a batch with their draws, and at least one.</summary>
    private int ImagesScored() => Math.Max(1, setting.Batch / settings.Draws);

    private sealed record Running(WorkerProcess Worker, Measurement Result);
}
