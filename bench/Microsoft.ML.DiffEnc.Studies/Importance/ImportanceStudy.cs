using Microsoft.ML.DiffEnc.Diffusion;
using Spectre.Console;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Studies.Importance;

/// <summary>Chooses densities of times on training images, and compares how much the losses of held-out ones vary over as many evaluations.</summary>
internal sealed class ImportanceStudy(ImportanceSettings settings, CancellationToken cancellation)
{
    private const int BootstrapSamples = 4000;

    public ImportanceResults Run()
    {
        var ml = new MLContext(settings.Seed) { GpuDeviceId = settings.Gpu };
        using var transformer = DiffEncTransformer.FindIn(ml.Model.Load(settings.Model, out _));
        if (settings.Threads is { } threads)
            set_num_threads(threads);
        var model = transformer.Model;
        byte[][] images = StudyImages.Load(ml, settings.Path, "train", settings.CalibrationImages, settings.Classes);
        byte[][] test = StudyImages.Load(ml, settings.Path, "t10k", settings.TestImages, settings.Classes);
        if (images[0].Length != model.Description.Dimensions)
            throw new ArgumentException($"The images have {images[0].Length} values; the model expects {model.Description.Dimensions}.");

        ImportanceResults? results = null;
        AnsiConsole.Progress().Start(progress => results = Run(model, images, test, progress));
        return results!;
    }

    private sealed record Arm(string Times, int Draws, int TimesPerDraw, TimeDensity? Density = null);

    private ImportanceResults Run(DiffEncModel model, byte[][] images, byte[][] test, ProgressContext progress)
    {
        var calibration = Calibrate(model, images, progress.AddTask("calibration", maxValue: images.Length));
        TimeDensity Density(int times) => calibration.Density(times, settings.Floor)
            ?? throw new InvalidOperationException("The diffusion loss is not finite.");
        var (k, m) = (settings.Draws, settings.TimesPerDraw);
        Arm[] arms =
        [
            new("independent", k * m, 1),
            new("even", k, m),
            new("even, √(V + S/M)", k, m, Density(m)),
            new("even, √(V + S)", k, m, Density(1)),
            new("even, √V", k, m, Density(int.MaxValue)),
            new("independent, √(V + S)", k * m, 1, Density(1)),
        ];
        var task = progress.AddTask("held-out images", maxValue: test.Length * arms.Length);
        (double Mean, double Variance)[][] scored = [.. arms.Select(arm => Score(model, test, arm, task))];
        double[][] variances = [.. scored.Select(arm => arm.Select(image => image.Variance).ToArray())];
        return new ImportanceResults(settings, [.. arms.Select((arm, i) =>
        {
            var (low, high) = Bootstrap(variances[i], variances[1]);
            return new ImportanceRow(
                arm.Times, scored[i].Average(image => image.Mean), Math.Sqrt(variances[i].Sum()) / test.Length, variances[i].Average(),
                variances[i].Sum() / variances[1].Sum(), low, high, arm.Density?.Values);
        })]);
    }

    private TimeCalibration Calibrate(DiffEncModel model, byte[][] images, ProgressTask task)
    {
        var calibration = new TimeCalibration(settings.Bins);
        Draw(images, new LikelihoodScorer(model, TimeCalibration.Draws(settings.Bins, settings.Seed)), calibration.Add, task);
        return calibration;
    }

    /// <summary>Each image's diffusion loss, and the variance of that mean over its sets of draws.</summary>
    private (double Mean, double Variance)[] Score(DiffEncModel model, byte[][] test, Arm arm, ProgressTask task)
    {
        DiffusionEstimate? importance = arm.Density is { } density ? new ImportanceEstimate(model.Bounds, density) : null;
        var scorer = new LikelihoodScorer(model, new ScoringDraws(arm.Draws, arm.TimesPerDraw, settings.Seed), diffusion: importance);
        double unit = model.Description.NatsPerBitPerDimension;
        var scored = new List<(double, double)>();
        Draw(test, scorer, image =>
        {
            double[] sets = [.. Enumerable.Range(0, image.Sets).Select(k => image.DiffusionOf(k) / unit)];
            double mean = sets.Average();
            scored.Add((mean, sets.Sum(s => (s - mean) * (s - mean)) / (sets.Length - 1) / sets.Length));
        }, task);
        return [.. scored];
    }

    private void Draw(byte[][] images, LikelihoodScorer scorer, Action<ImageDraws> use, ProgressTask task)
    {
        foreach (byte[][] pass in images.Chunk(scorer.ImagesPerPass))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var image in scorer.Draw([.. pass.SelectMany(pixels => pixels)], pass.Length))
                use(image);
            task.Increment(pass.Length);
        }
    }

    /// <summary>The middle 95 % of a ratio of sums over images, when the images are drawn again, with replacement.</summary>
    private (double Low, double High) Bootstrap(double[] of, double[] to)
    {
        var random = new Random(settings.Seed);
        var ratios = new double[BootstrapSamples];
        for (int b = 0; b < ratios.Length; b++)
        {
            double above = 0, below = 0;
            for (int n = 0; n < of.Length; n++)
            {
                int i = random.Next(of.Length);
                (above, below) = (above + of[i], below + to[i]);
            }
            ratios[b] = above / below;
        }
        Array.Sort(ratios);
        return (ratios[(int)(0.025 * BootstrapSamples)], ratios[(int)(0.975 * BootstrapSamples)]);
    }
}
