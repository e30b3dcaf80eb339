using Microsoft.ML.DiffEnc;
using OxyPlot;
using OxyPlot.Series;

namespace LikelihoodScoring.Reporting;

/// <summary>The charts of the report.</summary>
internal static class Charts
{
    /// <summary>Bits per dimension against the step: the noisy training loss, its running mean and the validation points, per encoder.</summary>
    public static void SaveTrainingCurve(string path, IReadOnlyList<EncoderRun> runs)
    {
        PlotModel plot = Plots.New("Training", "step", "bits per dimension");
        OxyColor[] colors = [Plots.Blue, Plots.Green, Plots.Red];
        double top = 0, bottom = double.PositiveInfinity;
        for (int i = 0; i < runs.Count; i++)
        {
            OxyColor color = colors[(colors.Length - runs.Count + i + 1) % colors.Length];
            string name = runs.Count > 1 ? $", {Names.Phrase(runs[i].Encoder)}" : "";
            TrainingProgress[] reports = [.. runs[i].Training.Where(p => double.IsFinite(p.BitsPerDimension))];
            DataPoint[] raw = [.. reports.Select(p => new DataPoint(p.Step, p.BitsPerDimension))], mean = [.. RunningMean(raw)];
            ScatterPoint[] validation = [.. reports
                .Where(p => p.ValidationBitsPerDimension is not null)
                .Select(p => new ScatterPoint(p.Step, p.ValidationBitsPerDimension!.Value))];
            plot.Series.Add(new LineSeries { ItemsSource = raw, Color = OxyColor.FromAColor(60, color), StrokeThickness = 1 });
            plot.Series.Add(new LineSeries { ItemsSource = mean, Color = color, StrokeThickness = 2.5, Title = "training" + name });
            if (validation.Length > 0)
                plot.Series.Add(new ScatterSeries
                {
                    ItemsSource = validation,
                    MarkerType = MarkerType.Circle,
                    MarkerSize = 5,
                    MarkerFill = OxyColors.White,
                    MarkerStroke = color,
                    MarkerStrokeThickness = 2,
                    Title = "validation" + name
                });

            // The first steps are far above the rest and would flatten everything that comes after.
            double[] shown = [.. mean.Skip(mean.Length / 20).Select(p => p.Y).Concat(validation.Select(p => p.Y))];
            if (shown.Length > 0)
                (top, bottom) = (Math.Max(top, shown.Max()), Math.Min(bottom, shown.Min()));
        }
        if (top > bottom)
            (plot.Axes[1].Minimum, plot.Axes[1].Maximum) = (Math.Max(0, bottom - 0.15 * (top - bottom)), top + 0.05 * (top - bottom));
        Plots.Save(plot, path);
    }

    /// <summary>How the scores of normal and odd pictures are spread.</summary>
    public static void SaveScores(string path, IReadOnlyList<ScoredImage> scored)
    {
        PlotModel plot = Plots.New("Scores", "bits per dimension", "pictures");
        double low = scored.Min(row => row.BitsPerDimension), high = Math.Max(scored.Max(row => row.BitsPerDimension), low + 1e-3);
        foreach ((string name, bool odd, OxyColor color) in new[] { ("held-out normal", false, Plots.Blue), ("odd ones", true, Plots.Red) })
        {
            double[] values = [.. scored.Where(row => row.IsOdd == odd).Select(row => (double)row.BitsPerDimension)];
            if (values.Length == 0)
                continue;
            var series = new HistogramSeries { Title = name, FillColor = OxyColor.FromAColor(140, color), StrokeColor = color, StrokeThickness = 1 };
            series.Items.AddRange(Bins(values, low, high));
            plot.Series.Add(series);
        }
        plot.Axes[1].Minimum = 0;
        Plots.Save(plot, path);
    }

    /// <summary>Where in time the diffusion loss comes from: its mean in each stratum, and one standard error either way.</summary>
    public static void SaveLossOverTime(string path, LikelihoodReport report)
    {
        PlotModel plot = Plots.New("Diffusion loss over time", "time t: from the clean picture to noise", "bits per dimension, per unit of t");
        LossStratum[] strata = [.. report.DiffusionLossOverTime.Where(s => s.Evaluations > 0)];
        var band = new AreaSeries { Fill = OxyColor.FromAColor(90, Plots.Blue), Title = "± standard error" };
        var area = new AreaSeries { Fill = OxyColor.FromAColor(25, Plots.Blue) };
        string title = $"held-out pictures; the area is {report.DiffusionLoss.Mean:F3} bits/dim";
        var mean = new LineSeries { Color = Plots.Blue, StrokeThickness = 2, Title = title };
        foreach (AreaSeries filled in new[] { band, area })
            filled.Color = filled.Color2 = OxyColors.Transparent;
        foreach (LossStratum s in strata)
        {
            double error = double.IsNaN(s.LossPerTimeStandardError) ? 0 : s.LossPerTimeStandardError;
            foreach (double t in new[] { s.Start, s.End })
            {
                mean.Points.Add(new DataPoint(t, s.LossPerTime));
                area.Points.Add(new DataPoint(t, s.LossPerTime));
                area.Points2.Add(new DataPoint(t, 0));
                band.Points.Add(new DataPoint(t, s.LossPerTime + error));
                band.Points2.Add(new DataPoint(t, s.LossPerTime - error));
            }
        }
        foreach (LineSeries series in new[] { area, band, mean })
        {
            series.MinimumSegmentLength = 0; // low steps too
            plot.Series.Add(series);
        }
        plot.Axes[1].Minimum = 0;
        (plot.Axes[0].Minimum, plot.Axes[0].Maximum) = (0, 1);
        Plots.Save(plot, path);
    }

    private static IEnumerable<HistogramItem> Bins(double[] values, double low, double high)
    {
        const int count = 40;
        double width = (high - low) / count;
        int[] counts = new int[count];
        foreach (double value in values)
            counts[Math.Min(count - 1, (int)((value - low) / width))]++;
        // HistogramItem wants an area and draws area / width.
        return counts.Select((n, i) => new HistogramItem(low + i * width, low + (i + 1) * width, n * width, n)).Where(item => item.Count > 0);
    }

    private static IEnumerable<DataPoint> RunningMean(DataPoint[] points)
    {
        int half = Math.Max(1, points.Length / 40);
        for (int i = 0; i < points.Length; i++)
        {
            int first = Math.Max(0, i - half), last = Math.Min(points.Length - 1, i + half);
            yield return new DataPoint(points[i].X, Enumerable.Range(first, last - first + 1).Average(k => points[k].Y));
        }
    }
}
