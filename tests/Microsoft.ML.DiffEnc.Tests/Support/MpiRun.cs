using System.Diagnostics;
using System.Text;
using Microsoft.ML.DiffEnc.Interop.Mpi;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>Runs this assembly as a program under mpirun: see <see cref="Ranks.RankProgram"/>.</summary>
internal static class MpiRun
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>Why it cannot be done here; <see langword="null"/>: it can.</summary>
    public static string? Missing
    {
        get
        {
            if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "mpirun"))))
                return "There is no mpirun here (Debian: openmpi-bin).";
            try
            {
                _ = MpiHandles.Load();
                return null;
            }
            catch (DllNotFoundException e)
            {
                return e.Message;
            }
        }
    }

    /// <summary>
    /// What all ranks printed, errors too, and mpirun's exit code. When a rank has died, mpirun gives the others 5 seconds, which it waits in full.
    /// </summary>
    public static (string Output, int ExitCode) Run(int ranks, params string[] arguments)
    {
        string dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo("mpirun",
        [
            "-n", $"{ranks}", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none", "--mca", "odls_base_sigkill_timeout", arguments[0].EndsWith("die", StringComparison.Ordinal) ? "5" : "1",
            dotnet, typeof(MpiRun).Assembly.Location, .. arguments,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        using Process process = Process.Start(start)!;
        var output = new StringBuilder();
        void Keep(string? line)
        {
            lock (output) output.AppendLine(line);
        }
        process.OutputDataReceived += (_, e) => Keep(e.Data);
        process.ErrorDataReceived += (_, e) => Keep(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        bool ended = process.WaitForExit(Limit);
        if (ended)
            process.WaitForExit(); // the rest of the output
        else
            process.Kill(entireProcessTree: true);
        lock (output)
        {
            if (!ended)
                Assert.Fail($"mpirun -n {ranks} … {string.Join(' ', arguments)} was stopped after {Limit.TotalMinutes:0} minutes:\n{output}");
            return (output.ToString(), process.ExitCode);
        }
    }

    /// <summary>The same, for a run that is to end well.</summary>
    public static string RunToEnd(int ranks, params string[] arguments)
    {
        var (output, exitCode) = Run(ranks, arguments);
        Assert.True(exitCode == 0, output);
        return output;
    }
}
