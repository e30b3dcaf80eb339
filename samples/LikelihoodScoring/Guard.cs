using System.Runtime.InteropServices;
using Spectre.Console;

namespace LikelihoodScoring;

/// <summary>How errors end the program: 0 done, 1 failed, 2 wrong usage or data, 130 cancelled.</summary>
internal static class Guard
{
    /// <summary>Runs the program, cancelled by Ctrl+C, and returns its exit code.</summary>
    public static int Run(Action<CancellationToken> run)
    {
        using var cancellation = new CancellationTokenSource();
        Console.CancelKeyPress += (_, key) =>
        {
            // The first Ctrl+C asks nicely; a second one ends the process as usual.
            key.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        };
        try
        {
            run(cancellation.Token);
            return 0;
        }
        catch (OperationCanceledException)
        {
            AnsiConsole.MarkupLine("[yellow]Cancelled.[/]");
            return 130;
        }
        catch (Exception e) when (e is UsageException or IOException or InvalidDataException or UnauthorizedAccessException
            or ArgumentException or FormatException)
        {
            ShowError(e.Message);
            return 2;
        }
        catch (InvalidOperationException e)
        {
            ShowError((e.InnerException ?? e).Message);
            return 1;
        }
        // No libtorch that loads; something that this version does not have; an error inside libtorch.
        catch (Exception e) when (e is DllNotFoundException or NotSupportedException or ExternalException)
        {
            ShowError(WithoutNativeTrace(e.Message));
            return 1;
        }
    }

    /// <summary>libtorch puts a trace of its C++ frames behind what went wrong.</summary>
    private static string WithoutNativeTrace(string message) => message.Split("\nException raised from", 2)[0].TrimEnd();

    private static void ShowError(string message)
    {
        IAnsiConsole errors = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        errors.MarkupLineInterpolated($"[red]Error:[/] {message}");
    }
}
