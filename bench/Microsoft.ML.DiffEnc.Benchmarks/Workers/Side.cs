using System.Globalization;
using System.Reflection;
using Microsoft.ML.DiffEnc.Benchmarks.Cases;

namespace Microsoft.ML.DiffEnc.Benchmarks.Workers;

/// <summary>One of the implementations that are measured side by side: what it is called and how its workers are started.</summary>
/// <param name="Name">In tables.</param>
/// <param name="IsPeer">Whether it is not ours.</param>
/// <param name="Scores">Whether scoring is measured. Ours is always in single precision: variants of training differ in nothing there.</param>
/// <param name="Command">The program and its arguments.</param>
internal sealed record Side(string Name, bool IsPeer, bool Scores, IReadOnlyList<string> Command)
{
    public const string WorkerCommand = "worker";

    /// <summary>This program, as a worker.</summary>
    public static Side Ours(Variant variant, int? gpu)
    {
        string program = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program is not known.");
        string assembly = Assembly.GetExecutingAssembly().Location;
        // Started as 'dotnet Program.dll' or as a program of its own.
        bool hosted = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        return new(
            Called("ours", variant), IsPeer: false, Scores: variant.Precision == TrainingPrecision.Float32,
            [program, .. hosted ? [assembly] : Array.Empty<string>(), WorkerCommand, "--variant", variant.Name, .. Gpu(gpu, "--gpu", "{0}")]);
    }

    /// <summary>The PyTorch script.</summary>
    /// <param name="python">The interpreter.</param>
    /// <param name="variant">How it computes.</param>
    /// <param name="gpu">The number of the GPU; <see langword="null"/>: the CPU.</param>
    public static Side Peer(string python, Variant variant, int? gpu)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "peers", "pytorch", "peer.py");
        List<string> command = [python, script, .. Gpu(gpu, "--device", "cuda:{0}")];
        if (variant.Precision == TrainingPrecision.BFloat16)
            command.AddRange(["--dtype", "bfloat16"]);
        if (variant.Precision == TrainingPrecision.TensorFloat32)
            command.Add("--tf32");
        if (variant.Compile)
            command.Add("--compile");
        return new(Called("PyTorch", variant), IsPeer: true, Scores: true, command);
    }

    public WorkerProcess Start(int threads) => WorkerProcess.Start(Name, Command, threads);

    private static string Called(string name, Variant variant) => variant.Name == Variant.Plain ? name : $"{name}, {variant.Name}";

    private static string[] Gpu(int? gpu, string option, string format)
        => gpu is null ? [] : [option, string.Format(CultureInfo.InvariantCulture, format, gpu)];
}
