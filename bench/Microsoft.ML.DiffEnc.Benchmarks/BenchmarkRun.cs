using System.Globalization;
using Microsoft.ML.DiffEnc.Interop;
using Spectre.Console;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks;

/// <summary>Measures all cases in turn, round after round, so that a machine that speeds up or slows down does so for all of them.</summary>
internal sealed class BenchmarkRun(bool brief, int rounds, int? threads, int? gpu)
{
    private const int TableWidth = 130;

    public void Print()
    {
        var device = NativeBackend.SelectDevice(gpu, fallbackToCpu: false, _ => { });
        if (threads is { } count)
            set_num_threads(count);
        int counted = brief ? 2 : rounds;
        using var peak = new MachinePeak(device);
        var cases = (brief ? BenchmarkCase.Short : BenchmarkCase.All).Select(c => new CaseTimes(c, device)).ToArray();
        foreach (var c in cases)
            c.WarmUp();
        for (int round = 0; round < counted; round++)
        {
            peak.Measure();
            foreach (var c in cases)
                c.Measure();
        }
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, TableWidth); // also where the output is redirected
        AnsiConsole.WriteLine($"{device}, {get_num_threads()} threads, libtorch {__version__}; medians of {counted} rounds, single precision.");
        string peaks = Text($"convolution {peak.ConvolutionSpeed:F0} GFLOP/s, matrix product {peak.ProductSpeed:F0} GFLOP/s");
        AnsiConsole.WriteLine($"Peak in this run: {peaks}.");
        AnsiConsole.Write(Table(cases, peak.ConvolutionSpeed));
        foreach (var c in cases)
            c.Dispose();
    }

    private static Table Table(CaseTimes[] cases, double peak)
    {
        var table = new Table().RoundedBorder().AddColumn("model").AddColumn("images").AddColumn("batch");
        foreach (string name in new[] { "forward", "of peak", "training step", "min–max", "of peak", "images/s", "scored/s" })
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var t in cases)
        {
            var c = t.Case;
            double operations = c.DenoiserForwardOperations / 1e9;
            // A step is about three forward passes; with an encoder network there is more, which this leaves out.
            string ofPeak = c.Encoder == EncoderKind.Trainable ? "" : Text($"{3 * operations / t.Step.Median / peak:P0}");
            table.AddRow(
                c.Name, $"{c.Side}×{c.Side}×{c.Channels}", Text($"{c.BatchSize}"),
                Milliseconds(t.Forward.Median), Text($"{operations / t.Forward.Median / peak:P0}"),
                Milliseconds(t.Step.Median), $"{Milliseconds(t.Step.Least)}–{Milliseconds(t.Step.Most)}", ofPeak,
                Text($"{c.BatchSize / t.Step.Median:F1}"), Text($"{t.ScoredImagesPerSecond:F2}"));
        }
        return table;
    }

    private static string Milliseconds(double seconds) => Text($"{seconds * 1000:F0} ms");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
