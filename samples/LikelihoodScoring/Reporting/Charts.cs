using Microsoft.ML.DiffEnc;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;
using OxyPlot.SkiaSharp;
using SkiaSharp;

namespace LikelihoodScoring.Reporting;

/// <summary>The charts of the report.</summary>
internal static class Charts
{
    private const int Width = 1200, Height = 700;
    private const float Zoom = 1.5f;
    private static readonly OxyColor Blue = OxyColor.FromRgb(0x2F, 0x6D, 0xB5), Red = OxyColor.FromRgb(0xD9, 0x48, 0x2B);
    private static readonly OxyColor Green = OxyColor.FromRgb(0x3A, 0x8F, 0x5C), Ink = OxyColor.FromRgb(0x22, 0x2B, 0x36), Lines = OxyColor.FromRgb(0xE6, 0xE9, 0xED);

    /// <summary>Bits per dimension against the step: the noisy training loss, its running mean and the validation points, per encoder.</summary>
    public static void SaveTrainingCurve(string path, IReadOnlyList<EncoderRun> runs)
    {
        PlotModel plot = NewPlot("Training", "step", "bits per dimension");
        OxyColor[] colors = [Blue, Green, Red];
        double top = 0, bottom = double.PositiveInfinity;
        for (int i = 0; i < runs.Count; i++)
        {
            OxyColor color = colors[(colors.Length - runs.Count + i + 1) % colors.Length];
            string name = runs.Count > 1 ? $", {Names.Of(runs[i].Encoder)} encoder" : "";
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
        Save(plot, path);
    }

    /// <summary>How the scores of normal and odd pictures are spread.</summary>
    public static void SaveScores(string path, IReadOnlyList<ScoredImage> scored)
    {
        PlotModel plot = NewPlot("Scores", "bits per dimension", "pictures");
        double low = scored.Min(row => row.BitsPerDimension), high = Math.Max(scored.Max(row => row.BitsPerDimension), low + 1e-3);
        foreach ((string name, bool odd, OxyColor color) in new[] { ("held-out normal", false, Blue), ("odd ones", true, Red) })
        {
            double[] values = [.. scored.Where(row => row.IsOdd == odd).Select(row => (double)row.BitsPerDimension)];
            if (values.Length == 0)
                continue;
            var series = new HistogramSeries { Title = name, FillColor = OxyColor.FromAColor(140, color), StrokeColor = color, StrokeThickness = 1 };
            series.Items.AddRange(Bins(values, low, high));
            plot.Series.Add(series);
        }
        plot.Axes[1].Minimum = 0;
        Save(plot, path);
    }

    /// <summary>Where in time the diffusion loss comes from: its mean in each stratum, and one standard error either way.</summary>
    public static void SaveLossOverTime(string path, LikelihoodReport report)
    {
        PlotModel plot = NewPlot("Diffusion loss over time", "time t: from the clean picture to noise", "bits per dimension, per unit of t");
        LossStratum[] strata = [.. report.DiffusionLossOverTime.Where(s => s.Evaluations > 0)];
        var band = new AreaSeries { Fill = OxyColor.FromAColor(90, Blue), Title = "± standard error" };
        var area = new AreaSeries { Fill = OxyColor.FromAColor(25, Blue) };
        string title = $"held-out pictures; the area is {report.DiffusionLoss.Mean:F3} bits/dim";
        var mean = new LineSeries { Color = Blue, StrokeThickness = 2, Title = title };
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
        Save(plot, path);
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

    private static PlotModel NewPlot(string title, string x, string y)
    {
        var plot = new PlotModel
        {
            Title = title,
            TitleHorizontalAlignment = TitleHorizontalAlignment.CenteredWithinPlotArea,
            TextColor = Ink,
            DefaultFont = "DejaVu Sans",
            PlotAreaBorderColor = Lines,
            Padding = new OxyThickness(12, 12, 24, 12)
        };
        plot.Axes.Add(NewAxis(AxisPosition.Bottom, x));
        plot.Axes.Add(NewAxis(AxisPosition.Left, y));
        plot.Legends.Add(new Legend { LegendPosition = LegendPosition.RightTop, LegendBackground = OxyColor.FromAColor(220, OxyColors.White) });
        return plot;
    }

    private static LinearAxis NewAxis(AxisPosition position, string title) => new()
    {
        Position = position,
        Title = title,
        AxisTitleDistance = 8,
        TicklineColor = Lines,
        MajorGridlineStyle = LineStyle.Solid,
        MajorGridlineColor = Lines,
        MinorTickSize = 0
    };

    private static void Save(PlotModel plot, string path)
    {
        using var bitmap = new SKBitmap(Width, Height);
        using var canvas = new SKCanvas(bitmap);
        canvas.Clear(SKColors.White);
        using var context = new SkiaRenderContext { SkCanvas = canvas, RenderTarget = RenderTarget.PixelGraphic, DpiScale = Zoom };
        // Shaping would ask for HarfBuzz's native library, and Latin text does without.
        context.UseTextShaping = false;
        ((IPlotModel)plot).Update(updateData: true);
        ((IPlotModel)plot).Render(context, new OxyRect(0, 0, Width / Zoom, Height / Zoom));
        canvas.Flush();
        Drawing.Raster.SavePng(bitmap, path);
    }
}
