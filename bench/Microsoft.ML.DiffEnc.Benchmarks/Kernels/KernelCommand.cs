using System.Globalization;
using Microsoft.ML.DiffEnc.Benchmarks.Results;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks.Kernels;
using Spectre.Console;
using static Microsoft.ML.DiffEnc.Benchmarks.BenchmarkOptions;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks.Kernels;

/// <summary><c>kernels</c>: what each fused form of a part of the networks gains over libtorch's operations, on this machine's CPU.</summary>
internal static class KernelCommand
{
    public static System.CommandLine.Command Create()
    {
        var channels = Counts("--channels", "Channels of the networks.", 32, 128);
        var side = Count("--side", "Height and width of the pictures.", 32);
        var batch = Count("--batch", "Pictures.", 8);
        var rounds = Count("--rounds", "How often everything is measured.", 40);
        var threads = Count("--threads", "Threads of the CPU.", Environment.ProcessorCount);
        var command = new System.CommandLine.Command("kernels", "Times the parts of the networks with our kernels and with libtorch's operations, in turn.")
        {
            channels, side, batch, rounds, threads,
        };
        command.SetAction(parsed =>
        {
            NativeBackend.EnsureLoaded();
            set_num_threads(parsed.GetValue(threads));
            var table = TableStyle.Titled(
                $"{parsed.GetValue(batch)} pictures of {parsed.GetValue(side)}×{parsed.GetValue(side)}, medians of {parsed.GetValue(rounds)} rounds: ms of libtorch's operations → ours, ratio (quartiles)")
                .AddColumn("part").AddColumn("channels").AddColumn("forward").AddColumn("").AddColumn("backward").AddColumn("");
            foreach (int n in parsed.GetValue(channels)!)
            {
                foreach (var part in NetworkPart.All(n, parsed.GetValue(batch), parsed.GetValue(side)))
                {
                    using (part)
                    {
                        var (separate, fused) = part.Measure(parsed.GetValue(rounds));
                        table.AddRow(
                            part.Name, part.Channels,
                            Times(separate.Forward, fused.Forward), Spread.OfRatio(fused.Forward, separate.Forward).Text("F2"),
                            Times(separate.Backward, fused.Backward), Spread.OfRatio(fused.Backward, separate.Backward).Text("F2"));
                    }
                }
            }
            TableStyle.MakeRoom(AnsiConsole.Console);
            AnsiConsole.Write(table);
            if (!Simd.IsAvailable)
                Console.WriteLine("There are no fast convolutions on this machine (they need AVX2): both are libtorch's.");
            Console.WriteLine("Channels that are fewer than 16 or no multiple of 4, pictures below 8×8 and, for attention with its derivative, below 16×16 are left to libtorch: there both are the same.");
            return 0;
        });
        return command;
    }

    private static string Times(List<double> separate, List<double> fused)
    {
        string Milliseconds(List<double> seconds) => (Spread.Of(seconds).Median * 1000).ToString("F2", CultureInfo.InvariantCulture);
        return $"{Milliseconds(separate)} → {Milliseconds(fused)}";
    }
}
