using System.CommandLine;
using Microsoft.ML.DiffEnc.Benchmarks;

var brief = new Option<bool>("--short") { Description = "Two small cases and few rounds: a check that the benchmark works, not a measurement." };
var rounds = new Option<int>("--rounds") { Description = "How often everything is measured; medians are printed.", DefaultValueFactory = _ => 5 };
var threads = new Option<int?>("--threads") { Description = "Threads of libtorch. [default: its own choice, all cores]" };
var gpu = new Option<int?>("--gpu") { Description = "The number of the GPU to use. [default: the CPU]" };
var root = new RootCommand("Times training steps and scoring at the paper's sizes, beside the machine's own peak in the same run.")
{
    brief, rounds, threads, gpu
};
root.SetAction(parsed =>
    new BenchmarkRun(parsed.GetValue(brief), Math.Max(1, parsed.GetValue(rounds)), parsed.GetValue(threads), parsed.GetValue(gpu)).Print());
return root.Parse(args).Invoke();
