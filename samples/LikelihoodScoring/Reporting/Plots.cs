using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.SkiaSharp;
using SkiaSharp;

namespace LikelihoodScoring.Reporting;

/// <summary>What all charts have in common: how they look, and how they become files.</summary>
internal static class Plots
{
    /// <summary>The colours of series.</summary>
    public static readonly OxyColor Blue = OxyColor.FromRgb(0x2F, 0x6D, 0xB5), Red = OxyColor.FromRgb(0xD9, 0x48, 0x2B), Green = OxyColor.FromRgb(0x3A, 0x8F, 0x5C);

    private const int Width = 1200, Height = 700;
    private const float Zoom = 1.5f;
    private static readonly OxyColor Ink = OxyColor.FromRgb(0x22, 0x2B, 0x36), Lines = OxyColor.FromRgb(0xE6, 0xE9, 0xED);

    /// <summary>A plot with two axes and a legend, to which series are added.</summary>
    public static PlotModel New(string title, string x, string y)
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

    /// <summary>Draws a plot and saves it as a PNG file.</summary>
    public static void Save(PlotModel plot, string path)
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
