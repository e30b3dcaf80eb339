using Microsoft.ML.DiffEnc;
using Spectre.Console;

namespace AnomalyDetection.Reporting;

/// <summary>A line every quarter of the way.</summary>
internal sealed class CalibrationLines : IProgress<CalibrationProgress>
{
    private int _quarters;

    public void Report(CalibrationProgress value)
    {
        int quarters = 4 * value.Images / value.Total;
        if (quarters == _quarters)
            return;
        _quarters = quarters;
        AnsiConsole.WriteLine($"  {value.Images} of {value.Total}");
    }
}
