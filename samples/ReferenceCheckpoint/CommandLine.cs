using System.CommandLine;
using System.Runtime.InteropServices;
using LikelihoodScoring;

namespace ReferenceCheckpoint;

/// <summary>The options, and how errors end the program: 0 done, 1 nothing to do or failed, 2 wrong usage or data, 130 cancelled.</summary>
internal static class CommandLine
{
    private const string WhereToGet = """
        No checkpoint given. To get one:

          1. The paper's authors publish theirs at https://doi.org/10.11583/DTU.c.7065284 (DTU Data). Download one, and unpack it if it is an archive.
          2. The configuration of its model, config_model_….json, is in the folder 'config' of https://github.com/bemigini/DiffEnc.
             Lay it beside the checkpoint.
          3. Give the folder, and pictures such as the model was trained on (CIFAR-10's binary version, MNIST's IDX files, ImageNet's .npz,
             or a folder of pictures):

             dotnet run --project samples/ReferenceCheckpoint -c Release -- FOLDER --data test_batch.bin --images 16

        A training of one's own with the authors' code leaves the same two files. --help shows all options.
        """;

    private static readonly Argument<string?> Checkpoint = new("checkpoint")
    {
        Description = "The checkpoint, or the folder that it and its configuration are in.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> Config = new("--config")
    {
        Description = "The model's configuration, where it does not lie beside the checkpoint.",
        HelpName = "FILE",
    };

    private static readonly Option<string?> Data = new("--data")
    {
        Description = "Pictures to score: an IDX, CIFAR-10 or .npz file, or a folder of pictures.",
        HelpName = "PATH",
    };

    private static readonly Option<int> Size = Number("--size", 32, 1, "Width and height that pictures of a folder are brought to.");
    private static readonly Option<int> Images = Number("--images", 16, 1, "How many pictures are scored, from the first on.");
    private static readonly Option<int> Draws = Number("--draws", 4, 1, "Independent draws for each; with 1 there is no error over draws.");
    private static readonly Option<int> Times = Number("--times", 4, 1, "Times in a draw.");
    private static readonly Option<int> Samples = Number("--samples", 8, 0, "How many pictures are generated.");
    private static readonly Option<int> Steps = Number("--steps", 50, 1, "Steps in which they are generated; the paper takes 1000.");
    private static readonly Option<int> Seed = Number("--seed", 1, int.MinValue, "Decides every draw.");

    private static readonly Option<int?> Gpu = new("--gpu") { Description = "The number of the GPU to use. [default: the CPU]", HelpName = "N" };

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder for the model and the pictures.",
        DefaultValueFactory = _ => Path.Combine("out", "reference-checkpoint"),
        HelpName = "DIR",
    };

    /// <summary>Parses the arguments, scores, and returns the exit code.</summary>
    public static int Run(string[] args)
    {
        var root = new RootCommand("Scores pictures with a checkpoint of the paper's authors, generates some, and saves the model.")
        {
            Checkpoint, Config, Data, Size, Images, Draws, Times, Samples, Steps, Seed, Gpu, Output,
        };
        root.SetAction(parsed => Guard(cancellation => RunParsed(parsed, cancellation)));
        ParseResult result = root.Parse(args);
        int exitCode = result.Invoke();
        return result.Errors.Count > 0 ? 2 : exitCode;
    }

    private static int RunParsed(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(Checkpoint) is not { } checkpoint)
        {
            Console.WriteLine(WhereToGet);
            return 1;
        }
        var settings = new Settings
        {
            Files = CheckpointFiles.Find(checkpoint, parsed.GetValue(Config)),
            Data = parsed.GetValue(Data) ?? throw new UsageException("Nothing to score: name pictures with --data."),
            Size = parsed.GetValue(Size),
            Images = parsed.GetValue(Images),
            Draws = parsed.GetValue(Draws),
            TimesPerDraw = parsed.GetValue(Times),
            Samples = parsed.GetValue(Samples),
            Steps = parsed.GetValue(Steps),
            Seed = parsed.GetValue(Seed),
            Gpu = parsed.GetValue(Gpu),
            Output = parsed.GetValue(Output)!,
        };
        OutputFiles.CheckFolder(settings.Output, Output.Name);
        new ScoringRun(settings, cancellation).Run();
        return 0;
    }

    private static Option<int> Number(string name, int usual, int least, string description)
        => OptionChecks.AtLeast(least, new Option<int>(name) { Description = description, DefaultValueFactory = _ => usual, HelpName = "N" });

    private static int Guard(Func<CancellationToken, int> run)
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
            return run(cancellation.Token);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Cancelled.");
            return 130;
        }
        catch (Exception e) when (e is UsageException or IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
        {
            Console.Error.WriteLine($"Error: {e.Message}");
            return 2;
        }
        // A device that is not there; no libtorch that loads; something that this version does not have; an error inside libtorch.
        catch (Exception e) when (e is InvalidOperationException or DllNotFoundException or NotSupportedException or ExternalException)
        {
            Console.Error.WriteLine($"Error: {(e.InnerException ?? e).Message}");
            return 1;
        }
    }
}
