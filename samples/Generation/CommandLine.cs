using System.CommandLine;
using LikelihoodScoring;

namespace Generation;

/// <summary>The options, what they mean, and how errors end the program: 0 done, 1 failed, 2 wrong usage, 130 cancelled.</summary>
internal static class CommandLine
{
    private static readonly Option<string?> Model = new("--model")
    {
        Description = "A model that was trained before and saved by ML.NET. [default: one is trained on digits that the sample draws]",
        HelpName = "FILE"
    };

    private static readonly Option<int> TrainingSteps = AtLeastOne("--training-steps", 600, "Training steps of the sample's own model.");
    private static readonly Option<int> Steps = AtLeastOne("--steps", 100, "Steps from noise to a picture.");
    private static readonly Option<int> Resamplings = AtLeastOne(
        "--resamplings", 5, "How often every stretch of 10 steps is done when pictures are repaired.");
    private static readonly Option<int> Images = AtLeastOne("--images", 32, "How many pictures are generated.");

    private static readonly Option<int> Seed = new("--seed")
    {
        Description = "The seed of everything random: two runs with the same one give the same pictures.",
        DefaultValueFactory = _ => 1,
        HelpName = "N"
    };

    private static readonly Option<string> Output = new("--output")
    {
        Description = "The folder for the model and the pictures.",
        DefaultValueFactory = _ => Path.Combine("out", "generation"),
        HelpName = "DIR"
    };

    /// <summary>Parses the arguments, runs the sample and returns the exit code.</summary>
    public static int Run(string[] args)
    {
        var root = new RootCommand("Generates pictures with a DiffEnc model, and repairs parts of others.")
        {
            Model, TrainingSteps, Steps, Resamplings, Images, Seed, Output
        };
        root.SetAction(parsed => Guard.Run(cancellation => new Gallery(Read(parsed), cancellation).Make()));
        ParseResult result = root.Parse(args);
        int exitCode = result.Invoke();
        return result.Errors.Count > 0 ? 2 : exitCode;
    }

    private static Settings Read(ParseResult parsed)
    {
        string? model = parsed.GetValue(Model);
        if (model is not null && !File.Exists(model))
            throw new UsageException($"There is no file '{model}' (looked for it at '{Path.GetFullPath(model)}'). Check --model.");
        return new Settings
        {
            Model = model,
            TrainingSteps = parsed.GetValue(TrainingSteps),
            Steps = parsed.GetValue(Steps),
            Resamplings = parsed.GetValue(Resamplings),
            Images = parsed.GetValue(Images),
            Seed = parsed.GetValue(Seed),
            Output = parsed.GetValue(Output)!
        };
    }

    private static Option<int> AtLeastOne(string name, int usual, string description)
        => OptionChecks.AtLeast(1, new Option<int>(name) { Description = description, DefaultValueFactory = _ => usual, HelpName = "N" });
}
