using System.Diagnostics;
using Microsoft.ML.DiffEnc;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LikelihoodScoring.Reporting;

/// <summary>
/// Shows training as it goes, and keeps every report for the curve. In a terminal it is a panel redrawn in place; where the output goes to a file
/// or a pipe, a line now and then. Dispose it when training ends.
/// </summary>
internal sealed class TrainingDisplay : IProgress<TrainingProgress>, IDisposable
{
    private const int BarWidth = 40, PlainLines = 10;
    private static readonly TimeSpan RedrawEvery = TimeSpan.FromMilliseconds(100);
    private readonly string _title;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<TrainingProgress> _history = [];
    private readonly LivePanel? _panel;
    private TimeSpan _drawn;
    private double? _validation;
    private int _nextLine;

    public TrainingDisplay(string title)
    {
        _title = title;
        if (Terminal.IsLive)
            _panel = new LivePanel(Panel(new Markup("starting …")));
        else
            AnsiConsole.MarkupLineInterpolated($"[bold]{title}[/]");
    }

    /// <summary>Every report, in order.</summary>
    public IReadOnlyList<TrainingProgress> History => _history;

    /// <summary>From the construction to the disposal, or until now.</summary>
    public TimeSpan Elapsed => _clock.Elapsed;

    public void Report(TrainingProgress value)
    {
        _history.Add(value);
        _validation = value.ValidationBitsPerDimension ?? _validation;
        if (_panel is null)
        {
            if (value.Step >= _nextLine || value.Step == value.Steps)
            {
                _nextLine += Math.Max(1, value.Steps / PlainLines);
                AnsiConsole.WriteLine(PlainLine(value));
            }
        }
        else if (_clock.Elapsed - _drawn >= RedrawEvery || value.Step == value.Steps)
        {
            _drawn = _clock.Elapsed;
            _panel.Update(Panel(Body(value)));
        }
    }

    public void Dispose()
    {
        _clock.Stop();
        _panel?.Dispose();
    }

    private string PlainLine(TrainingProgress p) =>
        $"  step {p.Step,5} of {p.Steps}  {p.BitsPerDimension:F3} bits/dim  {Duration.Text(p.Elapsed)} passed, {Duration.Text(p.Remaining)} left" +
        (_validation is double v ? $"  validation {v:F3}" : "");

    private Grid Body(TrainingProgress p)
    {
        int full = (int)((long)BarWidth * p.Step / Math.Max(1, p.Steps));
        string bar = $"[blue]{new string('━', full)}[/][grey]{new string('━', BarWidth - full)}[/]";
        Grid grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        AddRow(grid, "step", $"{bar} {p.Step} of {p.Steps}");
        AddRow(grid, "bits/dim",
            $"[bold]{p.BitsPerDimension:F3}[/] = {p.ReconstructionLoss:F3} reconstruction + {p.LatentLoss:F3} latent " +
            $"+ {p.DiffusionLoss:F3} diffusion");
        AddRow(grid, "validation", _validation is double v ? $"{v:F3} bits/dim" : "–");
        AddRow(grid, "speed",
            $"{p.StepsPerSecond:F2} steps/s, {p.ImagesPerSecond:F0} images/s; {Duration.Text(p.Elapsed)} passed, {Duration.Text(p.Remaining)} left");
        return grid;
    }

    private static void AddRow(Grid grid, string name, string markup) => grid.AddRow(new Markup($"[grey]{name}[/]"), new Markup(markup));

    private Panel Panel(IRenderable body) => new(body)
    {
        Header = new PanelHeader($" {Markup.Escape(_title)} "),
        Border = BoxBorder.Rounded,
        Expand = true
    };
}
