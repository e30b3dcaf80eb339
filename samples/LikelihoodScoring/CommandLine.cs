using System.CommandLine;
using System.Runtime.InteropServices;
using Microsoft.ML.DiffEnc;
using Spectre.Console;

namespace LikelihoodScoring;

/// <summary>The options, what they mean, and how errors end the program: 0 done, 1 failed, 2 wrong usage or data, 130 cancelled.</summary>
internal static class CommandLine
{
    private static readonly Option<DataSource> Data = new("--data")
    {
        Description = "Where the pictures come from: drawn (by the sample), mnist (IDX files), cifar10 (binary files), images (a folder of pictures)."
    };

    private static readonly Option<string?> PathOption = new("--path")
    {
        Description = "The folder of the data, for mnist (train- and t10k-images-idx3-ubyte[.gz], -labels-idx1-ubyte[.gz]), cifar10 (*.bin[.gz]) and images.",
        HelpName = "DIR"
    };

    private static readonly Option<string?> Odd = new("--odd")
    {
        Description = "For images: a folder of odd ones. Without it, the sub-folder 'odd' of --path, if there is one.",
        HelpName = "DIR"
    };

    private static readonly Option<string?> Normal = new("--normal")
    {
        Description = "For mnist and cifar10: the classes that are normal; the others are the odd ones out. [default: all but the last]",
        HelpName = "0,1,2"
    };

    private static readonly Option<string> Encoder = new Option<string>("--encoder")
    {
        Description = "The encoder; compare trains none, non-trainable and trainable at equal steps and seed and sets their losses side by side.",
        DefaultValueFactory = _ => "trainable"
    }.AcceptOnlyFromAmong("trainable", "non-trainable", "none", "compare");

    private static readonly Option<DiffEncPreset> Preset = new("--preset")
    {
        Description = "The size of the network and how it is trained; all but Tiny and Small are the paper's, for GPUs.",
        DefaultValueFactory = _ => DiffEncPreset.Tiny
    };

    private static readonly Option<int?> Steps = AtLeast(1, new Option<int?>("--steps")
    {
        Description = "Training steps. [default: the preset's: 800 for Tiny, 10000 for Small, 1000000 for the others]",
        HelpName = "N"
    });

    private static readonly Option<int> Seed = new("--seed")
    {
        Description = "The seed of everything random: two runs with the same one give the same figures.",
        DefaultValueFactory = _ => 1,
        HelpName = "N"
    };

    private static readonly Option<int> Draws = AtLeast(1, new Option<int>("--draws")
    {
        Description = "Independent draws per scored picture; more of them make the error bars shorter, and scoring longer.",
        DefaultValueFactory = _ => 8,
        HelpName = "N"
    });

    private static readonly Option<int> TestImages = AtLeast(2, new Option<int>("--test-images")
    {
        Description = "How many held-out normal pictures are scored, and at most as many odd ones, or one of each kind.",
        DefaultValueFactory = _ => 100,
        HelpName = "N"
    });

    private static readonly Option<int?> Gpu = AtLeast(0, new Option<int?>("--gpu")
    {
        Description = "The number of the GPU to use. [default: the CPU]",
        HelpName = "N"
    });

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder for the model and the pictures of the report.",
        DefaultValueFactory = _ => Path.Combine("out", "likelihood-scoring"),
        HelpName = "DIR"
    };

    private static readonly Option<string?> Json = new("--json")
    {
        Description = "A file for every figure of the report.",
        HelpName = "FILE"
    };

    /// <summary>Parses the arguments, runs the experiment and returns the exit code.</summary>
    public static int Run(string[] args)
    {
        var root = new RootCommand("Trains a DiffEnc model on pictures, scores how likely others are, and finds the odd ones out.")
        {
            Data, PathOption, Odd, Normal, Encoder, Preset, Steps, Seed, Draws, TestImages, Gpu, Output, Json
        };
        root.SetAction(parsed => Guard(cancellation => new Experiment(Read(parsed), cancellation).Run()));
        ParseResult result = root.Parse(args);
        int exitCode = result.Invoke();
        return result.Errors.Count > 0 ? 2 : exitCode;
    }

    private static Settings Read(ParseResult parsed)
    {
        DataSource data = parsed.GetValue(Data);
        string? path = parsed.GetValue(PathOption), json = parsed.GetValue(Json);
        if (data == DataSource.Drawn && path is not null)
            throw new UsageException("--path says where pictures are, but --data is drawn, which needs none. Add --data mnist, cifar10 or images.");
        if (data != DataSource.Drawn && path is null)
            throw new UsageException($"--data {Name(data)} needs --path DIR, the folder with its files.");
        if (path is not null && !Directory.Exists(path))
            throw new UsageException($"There is no folder '{path}' (looked for it at '{Path.GetFullPath(path)}'). Check --path.");
        if (parsed.GetValue(Odd) is string odd)
        {
            if (data != DataSource.Images)
                throw new UsageException($"--odd is for --data images; with --data {Name(data)} the odd ones come with the data.");
            if (!Directory.Exists(odd))
                throw new UsageException($"There is no folder '{odd}' (looked for it at '{Path.GetFullPath(odd)}'). Check --odd.");
        }
        if (parsed.GetValue(Normal) is not null && data is DataSource.Drawn or DataSource.Images)
            throw new UsageException($"--normal is for data with classes, mnist and cifar10; --data is {Name(data)}.");
        uint[]? normal = parsed.GetValue(Normal) is string classes ? ParseClasses(classes) : null;

        // A path that cannot be written to should cost a moment, not the figures of a whole run.
        OutputFiles.CheckFolder(parsed.GetValue(Output)!, Output.Name);
        if (json is not null)
            OutputFiles.CheckFile(json, Json.Name);

        return new Settings
        {
            Data = data,
            Path = path,
            OddPath = parsed.GetValue(Odd),
            NormalClasses = normal,
            Encoders = parsed.GetValue(Encoder) switch
            {
                "none" => [EncoderKind.None],
                "non-trainable" => [EncoderKind.NonTrainable],
                "compare" => [EncoderKind.None, EncoderKind.NonTrainable, EncoderKind.Trainable],
                _ => [EncoderKind.Trainable]
            },
            Preset = parsed.GetValue(Preset),
            Steps = parsed.GetValue(Steps),
            Seed = parsed.GetValue(Seed),
            Draws = parsed.GetValue(Draws),
            TestImages = parsed.GetValue(TestImages),
            Gpu = parsed.GetValue(Gpu),
            Output = parsed.GetValue(Output)!,
            Json = json
        };
    }

    private static uint[] ParseClasses(string list)
    {
        string[] parts = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        uint[] classes = [.. parts.Select(part => uint.TryParse(part, out uint number)
            ? number
            : throw new UsageException($"--normal '{list}': '{part}' is not a class number. Expected numbers with commas between, like 0,1,2."))];
        return classes.Length > 0 ? classes : throw new UsageException("--normal is empty. Expected class numbers with commas between, like 0,1,2.");
    }

    private static Option<T> AtLeast<T>(int least, Option<T> option)
    {
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<T>() is int value && value < least)
                result.AddError($"{option.Name} is {value}; expected {least} or more.");
        });
        return option;
    }

    private static string Name(DataSource data) => data.ToString().ToLowerInvariant();

    private static int Guard(Action<CancellationToken> run)
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
        catch (Exception e) when (e is UsageException or IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
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
