using System.CommandLine;
using Microsoft.ML.DiffEnc.Benchmarks;
using Microsoft.ML.DiffEnc.Benchmarks.Cases;
using Microsoft.ML.DiffEnc.Benchmarks.Measuring;
using Microsoft.ML.DiffEnc.Benchmarks.Workers;

var gpu = new Option<int?>("--gpu") { Description = "The number of the GPU to use. [default: the CPU]" };
var variant = new Option<string>("--variant") { Description = "How it computes.", Required = true };
var worker = new System.CommandLine.Command(Side.WorkerCommand, "What the benchmark starts; not for use by hand.") { gpu, variant };
worker.Hidden = true;
worker.SetAction(parsed =>
{
    try
    {
        using var loop = new WorkerLoop(Variant.Ours(parsed.GetValue(variant)!), parsed.GetValue(gpu));
        loop.Serve(Console.In, Console.Out);
        return 0;
    }
    catch (Exception e) when (e is InvalidOperationException or FormatException or DllNotFoundException)
    {
        Console.Error.WriteLine(e.Message);
        return 1;
    }
});
return BenchmarkCommand.Create(gpu, worker).Parse(args).Invoke();
