using Spectre.Console;
using Spectre.Console.Rendering;

namespace LikelihoodScoring.Reporting;

/// <summary>
/// Spectre.Console's live display, driven from outside: its own form wants the work inside a callback, but here the work is ML.NET's Fit,
/// which should stay in sight in the experiment.
/// </summary>
internal sealed class LivePanel : IDisposable
{
    private readonly ManualResetEventSlim _done = new();
    private readonly TaskCompletionSource<LiveDisplayContext> _started = new();
    private readonly Task _display;

    public LivePanel(IRenderable first) => _display = Task.Factory.StartNew(() => AnsiConsole.Live(first).Start(context =>
    {
        _started.SetResult(context);
        _done.Wait();
    }), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Shows something else in the same place.</summary>
    public void Update(IRenderable content) => _started.Task.Result.UpdateTarget(content);

    /// <summary>Leaves what was shown last on the screen.</summary>
    public void Dispose()
    {
        _done.Set();
        _display.Wait();
        _done.Dispose();
    }
}
