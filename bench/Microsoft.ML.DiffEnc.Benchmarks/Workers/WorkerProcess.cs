using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.DiffEnc.Benchmarks.Workers;

/// <summary>
/// A child process that computes when it is asked to and otherwise waits in a blocking read. Requests and replies are JSON objects, one a line.
/// </summary>
internal sealed class WorkerProcess : IDisposable
{
    // Threads of the last request may spin for a moment before they sleep; the next worker's turn begins after that.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly Process _process;
    private readonly string _name;
    private readonly StringBuilder _errors = new();
    private TimeSpan _idleSince;

    private WorkerProcess(string name, Process process)
    {
        (_name, _process) = (name, process);
        _process.ErrorDataReceived += (_, e) =>
        {
            lock (_errors)
                _errors.AppendLine(e.Data);
        };
        _process.BeginErrorReadLine();
    }

    /// <summary>What the worker says of itself.</summary>
    public WorkerReply Hello { get; private set; } = new();

    /// <summary>The processor time that it took while it was not asked for anything.</summary>
    public TimeSpan IdleTime { get; private set; }

    /// <param name="name">What messages call it.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="threads">Threads of the CPU, for OpenMP and what else reads the environment.</param>
    /// <exception cref="WorkerException">There is no such program, or it cannot do its work.</exception>
    public static WorkerProcess Start(string name, IReadOnlyList<string> command, int threads)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string count = threads.ToString(CultureInfo.InvariantCulture);
        foreach (string variable in new[] { "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS" })
            start.Environment[variable] = count;
        // Threads that wait for work soon sleep, on both sides; a wish of the user's goes before.
        start.Environment.TryAdd("GOMP_SPINCOUNT", "10000");
        start.Environment.TryAdd("KMP_BLOCKTIME", "1");
        try
        {
            var worker = new WorkerProcess(name, Process.Start(start) ?? throw new WorkerException($"{name}: '{command[0]}' could not be started."));
            try
            {
                worker.Hello = worker.Ask("hello");
            }
            catch
            {
                worker.Dispose();
                throw;
            }
            return worker;
        }
        catch (Win32Exception e)
        {
            throw new WorkerException($"{name}: '{command[0]}' could not be started: {e.Message}", e);
        }
    }

    /// <summary>Has something done, to its end.</summary>
    /// <param name="request">What.</param>
    /// <param name="arguments">With what.</param>
    /// <exception cref="WorkerException">It failed; the message says why.</exception>
    public WorkerReply Ask(string request, JsonObject? arguments = null)
    {
        var message = arguments ?? [];
        message["do"] = request;
        AddIdleTime();
        try
        {
            _process.StandardInput.WriteLine(message.ToJsonString());
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has ended; what it said before is read below.
        }
        string? line = _process.StandardOutput.ReadLine();
        _idleSince = ProcessorTime();
        var reply = Read(line) ?? throw new WorkerException($"{_name} ended{LastWords()}");
        if (reply.Error is not null)
            throw new WorkerException($"{_name}: {reply.Error}");
        Thread.Sleep(Pause);
        return reply;
    }

    public void Dispose()
    {
        try
        {
            _process.StandardInput.WriteLine("""{"do":"end"}""");
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended before.
        }
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static WorkerReply? Read(string? line)
    {
        try
        {
            return line is null ? null : JsonSerializer.Deserialize<WorkerReply>(line, Json);
        }
        catch (JsonException)
        {
            return new() { Error = $"answered what is no JSON: {line}" };
        }
    }

    private string LastWords()
    {
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            return " its output without an answer.";
        _process.WaitForExit(); // the rest of its output
        lock (_errors)
            return string.Create(CultureInfo.InvariantCulture, $" with exit code {_process.ExitCode}: {_errors.ToString().Trim()}");
    }

    private void AddIdleTime()
    {
        if (_idleSince != default)
            IdleTime += ProcessorTime() - _idleSince;
    }

    private TimeSpan ProcessorTime()
    {
        try
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            return default; // it has ended
        }
    }
}
