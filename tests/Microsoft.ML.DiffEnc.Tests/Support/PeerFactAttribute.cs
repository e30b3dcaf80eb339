using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Support;

/// <summary>A test that needs a Python with PyTorch, <c>python3</c> or the system's, and says that it is skipped where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> Found = new(() => new[] { "python3", "/usr/bin/python3" }.FirstOrDefault(HasTorch));

    public PeerFactAttribute() => Skip = Python is null ? "Needs python3 with PyTorch, which is not there." : null;

    /// <summary>The interpreter; <see langword="null"/>: there is none.</summary>
    public static string? Python => Found.Value;

    private static bool HasTorch(string python)
    {
        // To find the module is enough: to import it takes seconds.
        const string Question = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)";
        try
        {
            using var process = Process.Start(new ProcessStartInfo(python, ["-c", Question]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            if (process.WaitForExit(TimeSpan.FromSeconds(30)))
                return process.ExitCode == 0;
            process.Kill();
            return false;
        }
        catch (Win32Exception)
        {
            return false; // there is no such program
        }
    }
}
