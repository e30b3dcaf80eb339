using System.CommandLine;
using System.Runtime.InteropServices;
using AnomalyService.Detection;
using LikelihoodScoring;

namespace AnomalyService;

/// <summary>The options, what they mean, and how errors end the program: 0 stopped, 1 failed, 2 wrong usage or detector, 130 cancelled.</summary>
internal static class CommandLine
{
    private static readonly Option<string?> Model = new("--model")
    {
        Description = "The detector: an ML.NET model file of DetectAnomalies(...).Fit(...) with maps, alone or at the end of a chain. "
            + "[default: one for digits that the program draws, trained at the first start]",
        HelpName = "FILE"
    };

    private static readonly Option<string> Urls = new("--urls")
    {
        Description = "Where to listen.",
        DefaultValueFactory = _ => "http://127.0.0.1:5000",
        HelpName = "URL"
    };

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder in which the detector of drawn digits is kept.",
        DefaultValueFactory = _ => Path.Combine("out", "anomaly-service"),
        HelpName = "DIR"
    };

    /// <summary>Parses the arguments, serves until it is told to stop, and returns the exit code.</summary>
    public static int Run(string[] args)
    {
        var root = new RootCommand("Scores uploaded pictures with an anomaly detector, over HTTP.") { Model, Urls, Output };
        root.SetAction(parsed => Guard(() => Serve(parsed)));
        ParseResult result = root.Parse(args);
        int exitCode = result.Invoke(new InvocationConfiguration { ProcessTerminationTimeout = null }); // the service stops by itself
        return result.Errors.Count > 0 ? 2 : exitCode;
    }

    private static void Serve(ParseResult parsed)
    {
        string urls = parsed.GetValue(Urls)!;
        CheckUrls(urls);
        string path = parsed.GetValue(Model) ?? DrawnDigitDetector.Prepare(parsed.GetValue(Output)!);
        using Detector detector = Detector.Load(path);
        using WebApplication service = ServiceHost.Build(detector, new ServiceLimits(), urls);
        Console.WriteLine($"Scoring pictures of {detector.Width}×{detector.Height} with {path}; "
            + $"scores above {detector.Threshold:0.###} are anomalies.");
        service.Run();
    }

    private static void CheckUrls(string urls)
    {
        foreach (string url in urls.Split(';'))
        {
            if (!url.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
                throw new UsageException($"--urls '{url}': expected http://ADDRESS:PORT, like http://127.0.0.1:5000 "
                    + "(for https put a proxy in front).");
        }
    }

    private static int Guard(Action run)
    {
        try
        {
            run();
            return 0;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Cancelled.");
            return 130;
        }
        catch (UsageException e)
        {
            return Fail(e.Message, exitCode: 2);
        }
        // A port that is taken, a folder that cannot be written to, an address that is none; no libtorch that loads.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or InvalidOperationException
            or DllNotFoundException or ExternalException)
        {
            return Fail(e.Message, exitCode: 1);
        }
    }

    private static int Fail(string message, int exitCode)
    {
        Console.Error.WriteLine($"Error: {message}");
        return exitCode;
    }
}
