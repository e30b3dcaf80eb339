using System.CommandLine;
using Microsoft.ML.DiffEnc;

namespace LikelihoodScoring;

/// <summary>The options and what they mean.</summary>
internal static class CommandLine
{
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

    private static readonly Option<int> Draws = OptionChecks.AtLeast(1, new Option<int>("--draws")
    {
        Description = "Independent draws per scored picture; more of them make the error bars shorter, and scoring longer.",
        DefaultValueFactory = _ => 8,
        HelpName = "N"
    });

    private static readonly Option<int> TestImages = OptionChecks.AtLeast(2, new Option<int>("--test-images")
    {
        Description = "How many held-out normal pictures are scored, and at most as many odd ones, or one of each kind.",
        DefaultValueFactory = _ => 100,
        HelpName = "N"
    });

    private static readonly Option<string> Output = SharedOptions.Output("likelihood-scoring");

    /// <summary>Parses the arguments, runs the experiment and returns the exit code.</summary>
    public static int Run(string[] args)
    {
        var root = new RootCommand("Trains a DiffEnc model on pictures, scores how likely others are, and finds the odd ones out.")
        {
            SharedOptions.Data, SharedOptions.Path, SharedOptions.Odd, Normal, Encoder, SharedOptions.Preset, SharedOptions.Steps, SharedOptions.Seed,
            Draws, TestImages, SharedOptions.Gpu, Output, SharedOptions.Json
        };
        root.SetAction(parsed => Guard.Run(cancellation => new Experiment(Read(parsed), cancellation).Run()));
        ParseResult result = root.Parse(args);
        int exitCode = result.Invoke();
        return result.Errors.Count > 0 ? 2 : exitCode;
    }

    private static Settings Read(ParseResult parsed)
    {
        Settings shared = SharedOptions.Read(parsed, Output);
        if (parsed.GetValue(Normal) is not null && shared.Data is DataSource.Drawn or DataSource.Images)
            throw new UsageException($"--normal is for data with classes, mnist and cifar10; --data is {SharedOptions.Name(shared.Data)}.");
        return shared with
        {
            NormalClasses = SharedOptions.Classes(parsed, Normal),
            Encoders = parsed.GetValue(Encoder) switch
            {
                "none" => [EncoderKind.None],
                "non-trainable" => [EncoderKind.NonTrainable],
                "compare" => [EncoderKind.None, EncoderKind.NonTrainable, EncoderKind.Trainable],
                _ => [EncoderKind.Trainable]
            },
            Draws = parsed.GetValue(Draws),
            TestImages = parsed.GetValue(TestImages)
        };
    }
}
