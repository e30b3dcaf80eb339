using System.Runtime.InteropServices;
using System.Text.Json;

namespace Microsoft.ML.DiffEnc.Benchmarks.Results;

/// <summary>What was measured, every round of it, as JSON.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static void Write(string path, BenchmarkResults results)
    {
        var document = new
        {
            system = RuntimeInformation.OSDescription,
            processors = Environment.ProcessorCount,
            threads = results.Settings.Threads,
            gpu = results.Settings.Gpu,
            rounds = results.Settings.Rounds,
            draws = results.Settings.Draws,
            sides = results.Sides.Select(s => new { name = s.Name, version = s.Hello.Version, runtime = s.Hello.Runtime, threads = s.Hello.Threads, blas = s.Hello.Blas }),
            checks = results.Checks.Select(c => new { model = c.Case.Name, images = $"{c.Images}", weights = c.Parameters, exact = c.Exact, asTrained = c.AsTrained }),
            measurements = results.Measurements.Select(m => new
            {
                model = m.Case.Name,
                images = $"{m.Setting.Images}",
                batch = m.Setting.Batch,
                side = m.Side,
                weights = m.Parameters,
                stepOperations = m.StepOperations,
                peakConvolutionGflops = m.PeakConvolutions,
                peakProductGflops = m.PeakProducts,
                stepSeconds = m.Steps,
                partSeconds = m.Phases,
                encoderSeconds = m.Encoders,
                forwardOperations = m.ForwardOperations,
                forwardSeconds = m.Forwards,
                secondsPerScoredImage = m.Scorings,
                trainingMegabytes = m.Training,
                scoringMegabytes = m.Scoring,
                idleShareOfACore = m.IdleShare,
            }),
        };
        using var file = File.Create(path);
        JsonSerializer.Serialize(file, document, Json);
    }
}
