using System.CommandLine;
using System.Globalization;
using Microsoft.ML.DiffEnc.Benchmarks.Results;
using Microsoft.ML.DiffEnc.Interop;
using Microsoft.ML.DiffEnc.Networks.Kernels;
using Spectre.Console;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Benchmarks.Kernels;

/// <summary><c>kernels</c>: what each fused form of a part of the networks gains over libtorch's operations, on this machine's CPU.</summary>
internal static class KernelCommand
{
    public static System.CommandLine.Command Create()
    {
        var channels = Several("--channels", "Channels of the networks.", [32, 128]);
        var side = One("--side", "Height and width of the pictures.", 32);
        var batch = One("--batch", "Pictures.", 8);
        var rounds = One("--rounds", "How often everything is measured.", 40);
        var threads = One("--threads", "Threads of the CPU.", Environment.ProcessorCount);
        var command = new System.CommandLine.Command("kernels", "Times the parts of the networks with our kernels and with libtorch's operations, in turn.")
        {
            channels, side, batch, rounds, threads,
        };
        command.SetAction(parsed =>
        {
            NativeBackend.EnsureLoaded();
            set_num_threads(parsed.GetValue(threads));
            var table = new Table().RoundedBorder()
                .Title($"{parsed.GetValue(batch)} pictures of {parsed.GetValue(side)}×{parsed.GetValue(side)}, medians of {parsed.GetValue(rounds)} rounds: ms of libtorch's operations → ours, ratio (quartiles)")
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
            AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 150); // also where the output is redirected
            AnsiConsole.Write(table);
            if (!WinogradConvolution.Available)
                Console.WriteLine("There are no fast convolutions on this machine (they need AVX2, and a libtorch with MKL): both are libtorch's.");
            Console.WriteLine("Fewer than 16 channels, pictures below 8×8 and, for attention with its derivative, below 16×16 are left to libtorch: there both are the same.");
            return 0;
        });
        return command;
    }

    private static string Times(List<double> separate, List<double> fused)
    {
        string Milliseconds(List<double> seconds) => (Spread.Of(seconds).Median * 1000).ToString("F2", CultureInfo.InvariantCulture);
        return $"{Milliseconds(separate)} → {Milliseconds(fused)}";
    }

    private static Option<int> One(string name, string description, int usual)
        => AtLeastOne(new Option<int>(name) { Description = description, DefaultValueFactory = _ => usual }, value => [value]);

    private static Option<int[]> Several(string name, string description, int[] usual) => AtLeastOne(
        new Option<int[]>(name) { Description = description, DefaultValueFactory = _ => usual, AllowMultipleArgumentsPerToken = true }, values => values);

    private static Option<T> AtLeastOne<T>(Option<T> option, Func<T, IEnumerable<int>> numbers)
    {
        option.Validators.Add(result =>
        {
            foreach (int number in numbers(result.GetValueOrDefault<T>()!).Where(n => n < 1))
                result.AddError($"{option.Name} is {number}; expected 1 or more.");
        });
        return option;
    }
}
