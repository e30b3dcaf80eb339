using Microsoft.ML.DiffEnc.Diffusion;
using Microsoft.ML.DiffEnc.Interop;
using Spectre.Console;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Studies.Depth;

/// <summary>Chooses times and variances on training images, and compares what they do to held-out ones at the same draws.</summary>
internal sealed class DepthStudy(DepthSettings settings, CancellationToken cancellation)
{
    private const int TimesPerDraw = 8;

    public DepthResults Run()
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

        var choices = AnsiConsole.Progress().Start(progress => Choose(model, images, progress));
        double[] continuous = [];
        double[][] losses = [];
        AnsiConsole.Progress().Start(progress => (continuous, losses) = Score(model, test, choices, progress));
        return new DepthResults(settings, Mean.Of(continuous), Rows(choices, losses));
    }

    private sealed record Choice(int Depth, string Grid, string Variance, double CalibrationLoss, TimeGrid Times);

    private Choice[] Choose(DiffEncModel model, byte[][] images, ProgressContext progress)
    {
        int[] searched = [.. settings.Depths.Where(depth => depth < settings.Candidates)];
        var task = progress.AddTask("calibration", maxValue: images.Length * (searched.Length == 0 ? 0 : 1) + settings.Depths.Length * images.Length);
        var calibration = new Calibration(model, images, draws: 1, settings.Seed) { CancellationToken = cancellation, Done = _ => task.Increment(1) };
        double[,] table = searched.Length == 0 ? new double[1, 1] : calibration.MeanErrorsBetween(settings.Candidates);
        int dimensions = model.Description.Dimensions;
        double unit = model.Description.NatsPerBitPerDimension;
        var choices = new List<Choice>();
        foreach (int depth in settings.Depths)
        {
            var uniform = TimeGrid.Uniform(depth);
            double[] errors = calibration.MeanErrors(uniform);
            choices.Add(new(depth, "uniform", "posterior", errors.Sum(m => StepDivergence.Of(m, 1, dimensions)) / unit, uniform));
            choices.Add(new(depth, "uniform", "optimal", errors.Sum(m => StepDivergence.AtOptimum(m, dimensions)) / unit,
                uniform.WithWeights([.. errors.Select(StepDivergence.OptimalWeight)])));
            if (!searched.Contains(depth))
                continue;
            foreach (double? weight in new double?[] { 1, null })
            {
                string variance = weight is null ? "optimal" : "posterior";
                var best = Calibration.Best(table, depth, dimensions, weight);
                choices.Add(new(depth, "optimized", variance, OnTable(table, best, weight, dimensions) / unit, best));
                if (settings.Gradient)
                {
                    var (found, loss) = new GradientSearch(model, table).Best(depth, weight);
                    choices.Add(new(depth, "gradient", variance, loss / unit, found));
                }
            }
        }
        return [.. choices];
    }

    /// <summary>L_T on the calibration images, of a grid of candidate times.</summary>
    private static double OnTable(double[,] table, TimeGrid grid, double? weight, int dimensions)
    {
        int last = table.GetLength(0) - 1;
        int[] chosen = [.. grid.Times.Select(t => (int)Math.Round(t * last))];
        return chosen.Zip(chosen.Skip(1), (s, t) => weight is { } w
            ? StepDivergence.Of(table[s, t], w, dimensions)
            : StepDivergence.AtOptimum(table[s, t], dimensions)).Sum();
    }

    /// <summary>The diffusion loss of each image in continuous time, and for each choice, in bits per dimension.</summary>
    private (double[] Continuous, double[][] Losses) Score(DiffEncModel model, byte[][] test, Choice[] choices, ProgressContext progress)
    {
        var task = progress.AddTask("held-out images", maxValue: test.Length);
        var draws = new ScoringDraws(settings.Draws, TimesPerDraw, settings.Seed);
        double unit = model.Description.NatsPerBitPerDimension;
        var continuous = new double[test.Length];
        double[][] losses = [.. choices.Select(_ => new double[test.Length])];
        // Choices with the same times share their evaluations: the variance only enters the divergence.
        var sameTimes = choices.Select((choice, index) => (choice, index)).GroupBy(c => string.Join(' ', c.choice.Times.Times)).ToArray();
        using var noGradients = no_grad();
        for (int i = 0; i < test.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (int set = 0; set < settings.Draws; set++)
            {
                using var section = ComputeSection.Enter();
                using var scope = NewDisposeScope();
                long[] shape = [model.Description.Channels, model.Description.Height, model.Description.Width];
                var (uniform, _, noise) = draws.For(test[i], shape, set, 1);
                var (u, eps) = (uniform.to(model.Device), noise.to(model.DataType, model.Device));
                var x = model.Scale(tensor(test[i], [1, .. shape], dtype: uint8)).expand(TimesPerDraw, -1, -1, -1);
                var none = zeros(TimesPerDraw, dtype: x.dtype, device: x.device);
                double MeanOf(Tensor values) => values.to(float64).mean().item<double>() / unit / settings.Draws;
                continuous[i] += MeanOf(model.Bounds.Diffusion(x, u, eps, none));
                foreach (var group in sameTimes)
                {
                    var error = model.Steps.MeanError(x, group.First().choice.Times.StepsAt(u), eps, none);
                    foreach (var (choice, index) in group)
                    {
                        var w = choice.Times.StepsAt(u).Weight;
                        losses[index][i] += choice.Depth * MeanOf(StepDivergence.Of(error, w, model.Description.Dimensions));
                    }
                }
            }
            task.Increment(1);
        }
        return (continuous, losses);
    }

    private static DepthRow[] Rows(Choice[] choices, double[][] losses)
    {
        var rows = new List<DepthRow>();
        double[] plain = [];
        foreach (var (choice, own) in choices.Zip(losses))
        {
            if (choice is { Grid: "uniform", Variance: "posterior" })
                plain = own;
            var difference = Mean.Of([.. own.Zip(plain, (a, b) => a - b)]);
            rows.Add(new(choice.Depth, choice.Grid, choice.Variance, Mean.Of(own), difference, choice.CalibrationLoss, choice.Times));
        }
        return [.. rows];
    }
}
