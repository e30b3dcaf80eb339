using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.ML.DiffEnc.Benchmarks.Cases;
using Microsoft.ML.DiffEnc.Benchmarks.Kernels;
using Microsoft.ML.DiffEnc.Benchmarks.Results;
using Microsoft.ML.DiffEnc.Benchmarks.Workers;
using Microsoft.ML.DiffEnc.Interop;
using Spectre.Console;
using static Microsoft.ML.DiffEnc.Benchmarks.BenchmarkOptions;

namespace Microsoft.ML.DiffEnc.Benchmarks;

/// <summary>The command line.</summary>
internal static class BenchmarkCommand
{
    public static RootCommand Create(Option<int?> gpu, System.CommandLine.Command worker)
    {
        var brief = new Option<bool>("--short") { Description = "Small models and few rounds: a check that everything works, not a measurement." };
        var models = Several<string>("--models", $"Which models. [default: {string.Join(' ', BenchmarkCase.Paper.Select(c => c.Name))}]");
        var images = new Option<ImageSize[]>("--images")
        {
            Description = "Sizes of images. [default: 28x28x1 32x32x3]",
            AllowMultipleArgumentsPerToken = true,
            CustomParser = ParseSizes,
        };
        var batches = Several<int>("--batch", "Batch sizes. [default: 8]");
        var rounds = Count("--rounds", "How often everything is measured.", 5);
        var draws = Count("--draws", "Evaluations of each image that is scored.", 8);
        var threads = Count("--threads", "Threads of the CPU.", Environment.ProcessorCount);
        var peer = new Option<string?>("--peer")
        {
            Description = "Measure the same model in PyTorch beside ours, with this Python. [default: none; without a value: python3]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var variants = Several<string>("--variants", $"How ours computes, each on its own: {Variant.Words}; or several joined by +. [default: float32]");
        var peerVariants = Several<string>("--peer-variants", "How the peer computes: float32, tf32, bfloat16, compile; or several joined by +. [default: float32]");
        var check = new Option<bool>("--check") { Description = "Only compare the peer's losses and gradients with ours." };
        var checkFile = new Option<FileInfo?>("--check-file")
        {
            Description = "Only write weights, inputs, losses and gradients of one model, chosen by --models and --images, for an implementation to compare its own with.",
        };
        var json = new Option<FileInfo?>("--json") { Description = "Write all figures, round by round, to this file." };
        var root = new RootCommand("Times training and scoring at the paper's sizes, beside the machine's own peak and, if asked to, PyTorch, in one run.")
        {
            brief, models, images, batches, rounds, draws, threads, gpu, variants, peer, peerVariants, check, checkFile, json, KernelCommand.Create(), worker,
        };
        root.Validators.Add(result =>
        {
            if (result.GetResult(check) is not null && result.GetResult(peer) is null)
                result.AddError("--check compares a peer with ours: name its Python with --peer.");
        });
        root.SetAction(parsed =>
        {
            bool isShort = parsed.GetValue(brief);
            return Run(parsed.GetValue(json), () => new BenchmarkSettings
            {
                Cases = Chosen(parsed.GetValue(models) ?? [], isShort ? BenchmarkCase.Short : BenchmarkCase.Paper),
                Images = Given(parsed.GetValue(images), isShort ? [new(16, 1)] : [new(28, 1), new(32, 3)]),
                Batches = Given(parsed.GetValue(batches), [isShort ? 2 : 8]),
                Rounds = isShort && parsed.GetResult(rounds) is not { Implicit: false } ? 2 : parsed.GetValue(rounds),
                WarmUps = 2,
                WarmUpTime = isShort ? TimeSpan.Zero : TimeSpan.FromSeconds(5),
                Draws = parsed.GetValue(draws),
                Threads = parsed.GetValue(threads),
                Gpu = parsed.GetValue(gpu),
                Peer = parsed.GetResult(peer) is null ? null : parsed.GetValue(peer) ?? "python3",
                Variants = [.. Given(parsed.GetValue(variants), [Variant.Plain]).Select(Variant.Ours)],
                PeerVariants = [.. Given(parsed.GetValue(peerVariants), [Variant.Plain]).Select(Variant.Peer)],
                CheckOnly = parsed.GetValue(check),
                CheckFile = parsed.GetValue(checkFile)?.FullName,
            });
        });
        return root;
    }

    private static int Run(FileInfo? json, Func<BenchmarkSettings> read)
    {
        try
        {
            var settings = read();
            if (settings.Gpu is null && !PrecisionSupport.CpuHasBFloat16 && settings.Variants.Any(v => v.Precision == TrainingPrecision.BFloat16))
                Console.Error.WriteLine("This CPU has no bfloat16 arithmetic (AVX512-BF16, AMX): what is measured in bfloat16 is slower than single precision.");
            List<Side> sides = [.. settings.Variants.Select(v => Side.Ours(v, settings.Gpu))];
            if (settings.Peer is { } python)
                sides.AddRange(settings.PeerVariants.Select(v => Side.Peer(python, v, settings.Gpu)));
            var run = new BenchmarkRun(settings, sides, Console.Error.WriteLine);
            if (settings.CheckFile is { } path)
            {
                run.WriteCheck(path);
                return 0;
            }
            var results = run.Measure();
            new ResultTables(results).Print(AnsiConsole.Console);
            if (json is not null)
                ResultFile.Write(json.FullName, results);
            return 0;
        }
        catch (Exception e) when (e is WorkerException or FormatException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }

    private static IReadOnlyList<BenchmarkCase> Chosen(string[] names, IReadOnlyList<BenchmarkCase> all)
    {
        if (names.Length == 0)
            return all;
        BenchmarkCase Find(string name) => all.FirstOrDefault(c => c.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new FormatException($"There is no model '{name}'; expected one of {string.Join(", ", all.Select(c => c.Name))}.");
        return [.. names.Select(Find)];
    }

    private static ImageSize[]? ParseSizes(ArgumentResult result)
    {
        try
        {
            return [.. result.Tokens.Select(t => ImageSize.Parse(t.Value))];
        }
        catch (FormatException e)
        {
            result.AddError(e.Message);
            return null;
        }
    }

    private static T[] Given<T>(T[]? values, T[] usual) => values is { Length: > 0 } ? values : usual;
}
