using System.Diagnostics;
using System.Text;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Packaging;

/// <summary>Runs the dotnet command in a process of its own, as a user at a prompt would.</summary>
internal static class DotNet
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>Runs <c>dotnet</c> and returns what it printed. Fails the test, with the whole output, unless it ends with exit code 0.</summary>
    public static string Run(string folder, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
        => RunTo(0, folder, arguments, environment);

    /// <summary>The same, for a command that is to end with another exit code.</summary>
    public static string RunTo(int exitCode, string folder, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // 'dotnet test' leaves its own build's settings in the environment; they would steer the build started here.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        // Build servers outlive the command and would hold its output open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;

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
            string command = $"dotnet {string.Join(' ', arguments)}";
            if (!ended)
                Assert.Fail($"'{command}' was stopped after {Limit.TotalMinutes:0} minutes:\n{output}");
            if (process.ExitCode != exitCode)
                Assert.Fail($"'{command}' ended with exit code {process.ExitCode}:\n{output}");
            return output.ToString();
        }
    }
}
