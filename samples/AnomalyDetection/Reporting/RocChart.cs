using LikelihoodScoring.Reporting;
using OxyPlot;
using OxyPlot.Series;

namespace AnomalyDetection.Reporting;

/// <summary>What share of the odd ones is found, against the share of normal ones that are called anomalies, at every threshold.</summary>
internal static class RocChart
{
    private static readonly OxyColor[] Colors = [Plots.Blue, Plots.Red, Plots.Green];

    public static void Save(string path, IReadOnlyList<(string Name, ScoredPicture[] Scored)> methods)
    {
        PlotModel plot = Plots.New("All odd ones against the held-out normal ones", "normal called anomalies (false positives)", "odd ones found");
        foreach (((string name, ScoredPicture[] scored), OxyColor color) in methods.Zip(Colors))
            plot.Series.Add(new LineSeries { ItemsSource = Curve(scored), Color = color, StrokeThickness = 2.5, Title = name });
        plot.Series.Add(new LineSeries
        {
            ItemsSource = new[] { new DataPoint(0, 0), new DataPoint(1, 1) },
            Color = OxyColors.Gray,
            LineStyle = LineStyle.Dash,
            StrokeThickness = 1,
            Title = "chance"
        });
        ScoredPicture[] first = methods[0].Scored;
        plot.Series.Add(new ScatterSeries
        {
            ItemsSource = new[] { new ScatterPoint(Share(first, odd: false, row => row.PredictedLabel), Share(first, odd: true, row => row.PredictedLabel)) },
            MarkerType = MarkerType.Circle,
            MarkerSize = 6,
            MarkerFill = OxyColors.White,
            MarkerStroke = Colors[0],
            MarkerStrokeThickness = 2.5,
            Title = "the detector's threshold"
        });
        foreach (OxyPlot.Axes.Axis axis in plot.Axes)
            (axis.Minimum, axis.Maximum) = (-0.01, 1.01);
        plot.Legends[0].LegendPosition = OxyPlot.Legends.LegendPosition.RightBottom;
        Plots.Save(plot, path);
    }

    /// <summary>From (0, 0) to (1, 1), a point for each score that occurs.</summary>
    private static DataPoint[] Curve(ScoredPicture[] scored)
    {
        double normal = scored.Count(row => row.Kind == 0), odd = scored.Length - normal;
        double falsePositives = 0, found = 0;
        var points = new List<DataPoint> { new(0, 0) };
        foreach (IGrouping<float, ScoredPicture> tied in scored.GroupBy(row => row.Score).OrderByDescending(group => group.Key))
        {
            falsePositives += tied.Count(row => row.Kind == 0) / normal;
            found += tied.Count(row => row.Kind > 0) / odd;
            points.Add(new(falsePositives, found));
        }
        return [.. points];
    }

    private static double Share(ScoredPicture[] scored, bool odd, Func<ScoredPicture, bool> which)
    {
        ScoredPicture[] rows = [.. scored.Where(row => row.Kind > 0 == odd)];
        return rows.Count(which) / (double)rows.Length;
    }
}
